"""`python -m spacy mtl train`: a training that can be interrupted and continued."""

import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

import typer
from spacy.cli._util import (
    Arg,
    Opt,
    import_code,
    parse_config_overrides,
    setup_gpu,
    show_validation_error,
)
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.util import load_config, load_model
from thinc.api import Config
from wasabi import msg

from ..train.checkpoint import Checkpoint, describe_machine, find_latest
from ..train.loop import train

# Results may differ in the last digits where these do.
_SAME = ("python", "spacy", "thinc", "torch", "transformers", "numpy", "processor", "threads")


def train_cli(
    ctx: typer.Context,
    config_path: Path = Arg(..., help="Path to config file", exists=True, dir_okay=False),
    output: Path = Opt(..., "--output", "-o", help="Folder for pipelines and checkpoints"),
    resume: bool = Opt(False, "--resume", "-r", help="Go on from the last checkpoint there"),
    every: Optional[int] = Opt(
        None, "--every", "-e", help="Steps between checkpoints (default: one an evaluation)", min=1
    ),
    differ: bool = Opt(
        False, "--differ", help="Go on with other libraries or threads, where figures may differ"
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions that the config names"
    ),
    use_gpu: int = Opt(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
) -> None:
    """
    Train as `spacy train` does, with checkpoints that an interrupted training goes on from.

    Uninterrupted, or interrupted and continued with --resume: the pipeline is that of `spacy
    train`, to the last bit on a CPU. Settings are overridden as there, such as
    --training.max_steps 1000.
    """
    overrides = parse_config_overrides(ctx.args)
    import_code(code)
    setup_gpu(use_gpu)
    with show_validation_error(config_path):
        config = load_config(config_path, overrides=overrides, interpolate=False)
    found = find_latest(output) if output.is_dir() else None
    if found is not None and not resume:
        msg.fail(
            f"There is a training to go on with: {found.path}",
            "Go on with --resume, name another --output, or remove that folder.",
            exits=1,
        )
    if found is None:
        if resume:
            msg.info(f"No checkpoint in {output}: training from the beginning")
        with show_validation_error(config_path, hint_fill=False):
            nlp = init_nlp(config, use_gpu=use_gpu)
    else:
        _check_machine(found, differ)
        nlp = _load(found, config)
        msg.good(f"Going on after step {found.step - 1}: {found.path}")
    output.mkdir(parents=True, exist_ok=True)
    train(
        nlp,
        output,
        checkpoint=found,
        every=every,
        use_gpu=use_gpu,
        stdout=sys.stdout,
        stderr=sys.stderr,
    )


def _load(checkpoint: Checkpoint, config: Config) -> Language:
    nlp = load_model(checkpoint.pipeline)
    changed = _changes(nlp.config.interpolate(), config.interpolate())
    if changed:
        msg.fail(
            f"The config is another than that of {checkpoint.path}: {', '.join(changed)}",
            "Go on with the config (and overrides) that the training began with, or begin another "
            "with another --output.",
            exits=1,
        )
    return nlp


def _changes(before: Dict[str, Any], now: Dict[str, Any], path: str = "") -> List[str]:
    """What a config sets otherwise than before. What it leaves out had its default."""
    found = []
    for key, value in now.items():
        name = f"{path}.{key}" if path else key
        if key not in before:
            found.append(name)
        elif isinstance(value, dict) and isinstance(before[key], dict):
            found += _changes(before[key], value, name)
        elif value != before[key]:
            found.append(name)
    return found


def _check_machine(checkpoint: Checkpoint, differ: bool) -> None:
    before, now = checkpoint.read_meta()["machine"], describe_machine()
    other = [
        f"{key} {now[key]} instead of {before.get(key)}"
        for key in _SAME
        if now[key] != before.get(key)
    ]
    if not other:
        return
    text = f"The training began with something else than there is now: {', '.join(other)}"
    if not differ:
        msg.fail(
            text,
            "Figures may differ in the last digits, and so do trainings in the end. Go on all the "
            "same with --differ, or with what it began with (threads: OMP_NUM_THREADS).",
            exits=1,
        )
    msg.warn(text, "Its figures may differ from those of an uninterrupted training.")
