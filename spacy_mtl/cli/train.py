"""`python -m spacy mtl train`: a training that can be interrupted and continued."""

import os
from pathlib import Path
from typing import Any, Dict, List, Optional

import typer
from spacy.training.initialize import init_nlp
from thinc.api import Config
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt, show_validation_error
from ..train.checkpoint import Checkpoint, CheckpointError, find_latest
from ..train.circumstances import describe_data, describe_machine
from ..train.corpora import explained_corpora
from ..train.loop import train
from ..train.settings import check_corpora, check_training
from .config import check_overrides, choose_gpu, load_code, overrides_of, read_config
from .errors import CommandError, ended_by_interrupt, telling

# When a training ends may be changed while it goes on.
_END = ("max_steps", "patience")


@telling("Cannot train", {CheckpointError: "This training cannot go on"})
def train_cli(
    ctx: typer.Context,
    config_path: Path = Arg(..., help="Path to config file", exists=True, dir_okay=False),
    output: Path = Opt(..., "--output", "-o", help="Folder for pipelines and checkpoints"),
    resume: bool = Opt(False, "--resume", "-r", help="Go on from the last checkpoint there"),
    every: Optional[int] = Opt(
        None, "--every", "-e", help="Steps between checkpoints (default: one an evaluation)", min=1
    ),
    differ: bool = Opt(
        False,
        "--differ",
        help="Go on with other libraries, threads or data, where figures may differ",
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions that the config names"
    ),
    use_gpu: int = Opt(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU", min=-1),
) -> None:
    """
    Train as `spacy train` does, with checkpoints that an interrupted training goes on from.

    Uninterrupted, or interrupted and continued with --resume: the pipeline is that of `spacy
    train`, to the last bit on a CPU. Settings are overridden as there, such as
    --training.max_steps 1000.
    """
    load_code(code)
    choose_gpu(use_gpu)
    config = read_config(config_path, ctx.args)
    with show_validation_error(config_path):
        interpolated = config.interpolate()
    if not isinstance(interpolated.get("training"), dict):
        raise ValueError(
            f"{config_path} has no block [training]. `python -m spacy init fill-config` adds it."
        )
    check_training(interpolated["training"])
    check_corpora(interpolated)
    _make_folder(output)
    found = find_latest(output)
    if found is not None and not resume:
        raise CommandError(
            f"There is a training to go on with: {found.path}",
            "Go on with --resume, name another --output, or remove that folder.",
        )
    meta = {
        "config": interpolated.to_str(),
        "data": describe_data(interpolated),
        "machine": describe_machine(use_gpu),
    }
    try:
        if found is None:
            _check_folder(output, resume)
            with show_validation_error(hint_fill=False), explained_corpora(interpolated):
                nlp = init_nlp(config, use_gpu=use_gpu)
            check_overrides(nlp.config, overrides_of(ctx.args))
        else:
            _check_same(found, meta, differ, damaged=found.check())
            nlp = found.load_pipeline()
            given = interpolated["training"]
            nlp.config["training"].update({k: given[k] for k in _END if k in given})
            msg.good(f"Going on after {found.step} steps: {found.path}")
        train(nlp, output, checkpoint=found, every=every, meta=meta, use_gpu=use_gpu)
    except KeyboardInterrupt:
        latest = find_latest(output)
        way = f"--resume goes on from {latest.path}" if latest else "There is no checkpoint yet"
        ended_by_interrupt("Interrupted", way)


def _make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
        if not os.access(output, os.W_OK):
            raise PermissionError(f"no right to write to {output}")
    except OSError as err:
        raise CommandError(f"--output {output} is no folder to write to", str(err)) from err


def _check_folder(output: Path, resume: bool) -> None:
    """Begin anew over trained pipelines only if that is what was asked for."""
    if not resume:
        return
    found = [path.name for path in sorted(output.glob("model-*")) if path.is_dir()]
    if found:
        raise CommandError(
            f"There is no checkpoint in {output} to go on from, but there is {', '.join(found)}",
            "Name the --output of the interrupted training; or leave out --resume to begin anew "
            "there.",
        )
    msg.warn(f"No checkpoint in {output}: training from the beginning")


def _check_same(
    checkpoint: Checkpoint, meta: Dict[str, Any], differ: bool, damaged: List[str]
) -> None:
    before = checkpoint.read_meta()
    then, now = (Config().from_str(each["config"]) for each in (before, meta))
    changed = [name for name in _changes(then, now) if name not in {f"training.{k}" for k in _END}]
    if changed:
        raise CommandError(
            f"The config is another than that of {checkpoint.path}: {', '.join(changed)}",
            "Go on with the config (and overrides) that the training began with, or begin another "
            "with another --output.",
        )
    other = [
        f"{key} {meta[part].get(key)} instead of {before[part].get(key)}"
        + (" bytes" if part == "data" else "")
        for part in ("data", "machine")
        for key in {**before[part], **meta[part]}
        if meta[part].get(key) != before[part].get(key)
    ]
    # What it says of the machine and the data may be wrong.
    other += [f"{checkpoint.path.name}/{text}" for text in damaged]
    if not other:
        return
    text = f"The training began with something else than there is now: {', '.join(other)}"
    if not differ:
        raise CommandError(
            text,
            "Figures may differ in the last digits, and so do trainings in the end. Go on all the "
            "same with --differ, or with what it began with (threads: OMP_NUM_THREADS).",
        )
    msg.warn(text, "Its figures may differ from those of an uninterrupted training.")


def _changes(before: Dict[str, Any], now: Dict[str, Any], path: str = "") -> List[str]:
    found = []
    for key in {**before, **now}:
        name = f"{path}.{key}" if path else key
        one, other = before.get(key), now.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += _changes(one, other, name)
        elif one != other:
            found.append(name)
    return found
