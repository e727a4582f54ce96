"""`python -m spacy mtl train`: training that can be interrupted and resumed."""

import os
from pathlib import Path
from typing import Any, Dict, Optional

import typer
from spacy.training.initialize import init_nlp
from srsly import read_json
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt, show_validation_error
from .config import check_overrides, choose_gpu, load_code, overrides_of, read_config
from .errors import CommandError, ended_by_interrupt, telling
from .outcome import Outcome, reporting
from .resuming import load_resumed


@reporting
@telling("Cannot train", {"CheckpointError": "This training cannot continue"})
def train_cli(
    ctx: typer.Context,
    config_path: Path = Arg(..., help="Path to config file", exists=True, dir_okay=False),
    output: Path = Opt(..., "--output", "-o", help="Folder for pipelines and checkpoints"),
    resume: bool = Opt(False, "--resume", "-r", help="Resume from the last checkpoint there"),
    every: Optional[int] = Opt(
        None, "--every", "-e", help="Steps between checkpoints (default: one per evaluation)", min=1
    ),
    differ: bool = Opt(
        False,
        "--differ",
        help="Resume even if libraries, threads or data changed (results may differ)",
    ),
    force: bool = Opt(
        False, "--force", "-F", help="Replace pipelines in --output from a finished training"
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the config"
    ),
    use_gpu: int = Opt(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU", min=-1),
) -> Outcome:
    """
    Train like `spacy train`, with checkpoints from which an interrupted training can resume.

    Whether uninterrupted or resumed with --resume, the pipeline is the same as from `spacy
    train`, to the last bit on a CPU. Settings are overridden in the same way, for example with
    --training.max_steps 1000.

    Example: python -m spacy mtl train config.cfg --output training --paths.train train.spacy
    """
    from ..train.checkpoint import find_latest
    from ..train.circumstances import describe_data, describe_machine
    from ..train.corpora import explained_corpora
    from ..train.loop import train
    from ..train.settings import check_corpora, check_training

    load_code(code)
    choose_gpu(use_gpu)
    config = read_config(config_path, ctx.args)
    with show_validation_error(config_path):
        interpolated = config.interpolate()
    if not isinstance(interpolated.get("training"), dict):
        raise ValueError(
            f"{config_path} has no block [training]. Add it with `spacy init fill-config`."
        )
    check_training(interpolated["training"])
    check_corpora(interpolated)
    _make_folder(output)
    found = find_latest(output)
    if found is not None and not resume:
        raise CommandError(
            f"There is a training to resume: {found.path}",
            "Resume it with --resume, use another --output, or remove that folder.",
        )
    meta = {
        "config": interpolated.to_str(),
        "data": describe_data(interpolated),
        "machine": describe_machine(use_gpu),
    }
    try:
        if found is None:
            _check_folder(output, resume, force)
            with show_validation_error(hint_fill=False), explained_corpora(interpolated):
                nlp = init_nlp(config, use_gpu=use_gpu)
            check_overrides(nlp.config, overrides_of(ctx.args))
        else:
            nlp = load_resumed(found, meta, interpolated["training"], differ)
        train(nlp, output, checkpoint=found, every=every, meta=meta, use_gpu=use_gpu)
        return Outcome(_as_json(output))
    except KeyboardInterrupt:
        latest = find_latest(output)
        way = f"--resume continues from {latest.path}" if latest else "There is no checkpoint yet"
        ended_by_interrupt("Interrupted", way)


def _as_json(output: Path) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The trained pipelines and their scores, as JSON."""
    from ..report.json_types import to_json_types

    pipelines = {path.name: path for path in sorted(output.glob("model-*")) if path.is_dir()}
    return {
        name: {
            "path": str(path),
            "scores": to_json_types(read_json(path / "meta.json").get("performance", {})),
        }
        for name, path in pipelines.items()
    }


def _make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
        if not os.access(output, os.W_OK):
            raise PermissionError(f"no permission to write to {output}")
    except OSError as err:
        raise CommandError(f"Cannot write to the folder --output {output}", str(err)) from err


def _check_folder(output: Path, resume: bool, force: bool) -> None:
    """Reject a folder without a checkpoint if trained pipelines there would be overwritten."""
    found = [path.name for path in sorted(output.glob("model-*")) if path.is_dir()]
    if found and not resume and not force:
        raise CommandError(
            f"There is {', '.join(found)} in {output}",
            "Replace it with --force, or use another --output.",
        )
    if found and resume:
        raise CommandError(
            f"There is no checkpoint in {output} to resume from, but there is {', '.join(found)}",
            "Use the --output of the interrupted training, or start over there with --force in "
            "place of --resume.",
        )
    if resume:
        msg.warn(f"No checkpoint in {output}: training from scratch")
