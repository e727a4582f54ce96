"""`python -m spacy mtl affinity`: which tasks help each other, by the gradients of a training."""

import json
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import typer
from spacy.language import Language
from thinc.api import Config
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt, show_validation_error
from .config import choose_gpu, load_code, overrides_of, read_config
from .errors import INTERRUPTED, CommandError, telling
from .outcome import Outcome, reporting
from .output_file import check_output_file, write_output_file
from .progress import progress
from .unfinished import Unfinished

_SUFFIXES = (".json",)


@reporting
@telling("Cannot measure affinities")
def affinity_cli(
    ctx: typer.Context,
    config_path: Path = Arg(..., help="Path to config file", exists=True, dir_okay=False),
    output: Optional[Path] = Opt(
        None, "--output", "-o", help="File for all figures (.json)", dir_okay=False
    ),
    steps: Optional[int] = Opt(
        None, "--steps", "-s", help="Steps to train (default: 'max_steps' of the config)", min=2
    ),
    every: int = Opt(10, "--every", "-e", help="Steps between measurements", min=1),
    n_groups: Optional[int] = Opt(
        None, "--n-groups", "-n", help="The most groups to propose (default: any number)", min=1
    ),
    resume: bool = Opt(False, "--resume", "-R", "-r", help="Go on where Ctrl-C has ended it"),
    force: bool = Opt(False, "--force", "-F", "-f", help="Replace an existing --output"),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the config"
    ),
    use_gpu: int = Opt(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU", min=-1),
) -> Outcome:
    """
    Train once, and measure how much the tasks help or harm each other.

    Compares the tasks' gradients, at the shared representation and at the shared parameters, and
    looks ahead: how does a step for one task change the loss of another? Proposes which tasks to
    train together. Nothing is evaluated or saved but the figures; after Ctrl-C, what --resume takes
    up, in a folder beside --output.

    Example: python -m spacy mtl affinity config.cfg --output affinity.json --steps 500
    """
    from ..comparison.affinity_text import affinity_text, grouping_text, proposed
    from ..comparison.measured_training import train_and_measure
    from ..joint.find import find_joint

    unfinished = Unfinished(output, resume, force)
    # Its figures were those until then.
    is_old = force or unfinished.checkpoint is not None
    if output is not None:
        check_output_file(output, _SUFFIXES, is_old, example="affinity")
    load_code(code)
    choose_gpu(use_gpu)
    config = read_config(config_path, overrides_of(ctx))
    nlp, meta = _prepare(config, config_path, unfinished, every, use_gpu)
    state = unfinished.read_state()
    total = steps or nlp.config.interpolate()["training"]["max_steps"] or None
    with progress(title="Steps", total=total, done=unfinished.n_steps) as bar:
        measured = train_and_measure(
            nlp, every=every, n_steps=steps, use_gpu=use_gpu, on_step=bar.update, state=state
        )
    unfinished.keep(nlp, measured, meta)
    found = measured.affinities
    if not found.n_measured:
        raise CommandError(
            f"Nothing was measured in {measured.n_steps} steps",
            f"There is a measurement every {every} steps: train longer with --steps, or measure "
            "more often with --every.",
        )
    groups = proposed(found, n_groups)
    data = {
        "config": str(config_path),
        "steps": measured.n_steps,
        "every": every,
        "is_interrupted": measured.is_interrupted,
        **found.to_json(),
        "groups": groups,
    }
    if output is not None:
        write_output_file(output, json.dumps(data, indent=1) + "\n", is_old)
    name, _ = find_joint(nlp) or ("", None)
    before = nlp.pipe_names[: nlp.pipe_names.index(name) + 1]

    def show() -> None:
        if measured.is_interrupted:
            text = f"Interrupted after {measured.n_steps} steps: what was measured by then"
            msg.warn(text, "" if measured.state is None else unfinished.way)
        typer.echo(affinity_text(found) + "\n\n" + grouping_text(found, groups, before))
        if output is not None:
            msg.good(f"Saved all figures: {output}")

    return Outcome(data, show, INTERRUPTED if measured.is_interrupted else 0)


def _prepare(
    config: Config, config_path: Path, unfinished: Unfinished, every: int, use_gpu: int
) -> Tuple[Language, Dict[str, Any]]:
    """RETURNS (Tuple[Language, Dict[str, Any]]): The pipeline to train, and what it depends on."""
    from spacy.training.initialize import init_nlp
    from spacy.util import load_model_from_config

    from ..comparison.checks import check_joint
    from ..train.circumstances import describe_training
    from ..train.corpora import explained_corpora

    with show_validation_error(config_path):
        interpolated = config.interpolate()
        # Before the corpora are read.
        check_joint(load_model_from_config(config, auto_fill=True))
    meta = {**describe_training(interpolated, use_gpu), "every": every}
    nlp = unfinished.load(meta, interpolated["training"])
    if nlp is None:
        with show_validation_error(hint_fill=False), explained_corpora(interpolated):
            nlp = init_nlp(config, use_gpu=use_gpu)
    return nlp, meta
