"""`python -m spacy mtl init-config`: a complete config for given tasks, corpora and encoder."""

from functools import partial
from pathlib import Path
from typing import Any, List, Optional

import typer
from wasabi import msg

from ..atomic_files import write_files
from ..compat.spacy_cli import Arg, Opt
from ..hints import nearest
from .config import load_code
from .errors import CommandError, telling
from .outcome import Outcome, reporting
from .progress import progress

_STDOUT = "-"


@reporting
@telling("Cannot make a config")
def init_config_cli(
    output: Path = Arg(
        ..., metavar="OUTPUT", help="File for the config, or - to print it", allow_dash=True
    ),
    train: List[Path] = Opt(
        [], "--train", "-t", help=".spacy file or folder to train on, once for each corpus"
    ),
    dev: List[Path] = Opt(
        [], "--dev", "-d", help=".spacy file or folder to score on, in the order of --train"
    ),
    pipeline: Optional[str] = Opt(
        None,
        "--pipeline",
        "-p",
        help="Names of heads, separated by commas (default: what the corpora annotate)",
    ),
    lang: str = Opt("en", "--lang", "-l", help="Two-letter code of the language"),
    encoder: Optional[str] = Opt(
        None,
        "--encoder",
        "-e",
        help="Folder of a transformer, or its name on the model hub (default: the one that spaCy "
        "recommends for the language; for efficiency on a CPU a small network)",
    ),
    optimize: str = Opt("accuracy", "--optimize", "-o", help="efficiency or accuracy"),
    weighting: Optional[str] = Opt(
        None, "--weighting", "-w", help="Weighting of the tasks (default: Balanced)"
    ),
    sharing: Optional[str] = Opt(
        None, "--sharing", "-s", help="Sharing scheme (default: HardSharing)"
    ),
    schedule: Optional[str] = Opt(
        None, "--schedule", "-S", help="Schedule of several corpora (default: Proportional)"
    ),
    gpu: bool = Opt(False, "--gpu", "-G", help="Train on a GPU"),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions that are registered"
    ),
    force: bool = Opt(False, "--force", "-F", "-f", help="Replace an existing file"),
) -> Outcome:
    """
    Make a complete config that trains as it is, with comments that say why.

    Given corpora, it looks at what they annotate, and how much: heads, batch sizes, steps and
    learning rates follow from that.

    Example: python -m spacy mtl init-config config.cfg --train train.spacy --dev dev.spacy
    """
    from ..recommend.recommend import recommend
    from ..recommend.wishes import OPTIMIZE, Wishes

    is_stdout = str(output) == _STDOUT
    if not is_stdout:
        _check_output(output, force)
    if optimize not in OPTIMIZE:
        raise CommandError(
            f"--optimize '{optimize}' is neither {' nor '.join(OPTIMIZE)}",
            nearest(optimize, OPTIMIZE).strip() or "Specify one of them.",
        )
    tasks = None if pipeline is None else [name.strip() for name in pipeline.split(",")]
    if tasks is not None and not all(tasks):
        raise CommandError(f"--pipeline '{pipeline}' has an empty name", "Remove the comma.")
    load_code(code)
    wishes = Wishes(
        train=train,
        dev=dev,
        tasks=tasks,
        lang=lang,
        encoder=encoder,
        optimize=optimize,
        weighting=weighting,
        sharing=sharing,
        schedule=schedule,
        gpu=gpu,
    )
    found = recommend(wishes, partial(progress, unit=" texts"))
    text = found.draft.to_str()
    data = {
        "output": None if is_stdout else str(output),
        "config": text,
        "tasks": {head.name: head.factory for head in found.choice.heads},
        "steps": found.budget.steps,
        "notes": found.choice.notes,
    }
    if is_stdout:
        return Outcome(data, lambda: typer.echo(text, nl=False))
    write_files({output: text.encode("utf8")})
    return Outcome(data, lambda: _print(found, output))


def _print(found: Any, output: Path) -> None:
    """Print what a `Recommendation` is based on, and where it is."""
    rows = [
        (facts.name, f"{facts.n_texts:,} texts", f"{facts.n_words:,} words")
        for facts in found.corpora
    ]
    if rows:
        msg.table(rows, aligns=("l", "r", "r"))
    msg.text(f"Tasks: {', '.join(f'{h.name} ({h.factory})' for h in found.choice.heads)}")
    msg.text(f"Steps: {found.budget.why_steps}")
    for note in found.choice.notes:
        msg.info(note)
    msg.good(f"Saved the config: {output}")
    msg.text(f"Train it: python -m spacy train {output} --output training")


def _check_output(output: Path, force: bool) -> None:
    """Reject a path that can't be written, before the corpora are read."""
    if output.is_dir():
        raise CommandError(f"'{output}' is a folder", "Name a file in it, such as config.cfg.")
    if not output.parent.is_dir():
        raise CommandError(
            f"There is no folder '{output.parent}' for '{output}'", "Create it, or name another."
        )
    if output.exists() and not force:
        raise CommandError(f"'{output}' exists", "Replace it with --force, or name another file.")
