"""`python -m spacy mtl report`: a page about a training, to look at."""

from pathlib import Path
from typing import Any, List, Optional

import typer
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt
from .config import load_code
from .errors import CommandError, telling
from .outcome import Outcome, reporting
from .output_file import check_output_file, write_output_file

_NAME = "report.html"


@reporting
@telling("Cannot report")
def report_cli(
    folder: Path = Arg(..., help="The --output of a training", metavar="DIR"),
    output: Optional[Path] = Opt(
        None, "--output", "-o", help=f"The page (.html; default: {_NAME} in DIR)"
    ),
    docs: Optional[Path] = Opt(
        None, "--docs", "-d", help="Texts for the trained pipeline to annotate (.spacy)"
    ),
    n_docs: int = Opt(5, "--n-docs", "-n", help="How many of them to show", min=1),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the pipeline's config"
    ),
    force: bool = Opt(False, "--force", "-F", "-f", help="Replace an existing page"),
) -> Outcome:
    """
    Make a page about a training, which opens offline: curves, conflicts, sharing, documents.

    Reads the log that spacy_mtl.ConsoleLogger.v1 has written to DIR (output_file in
    [training.logger]), also while the training goes on. The table of `spacy mtl compare` is shown
    if DIR has its comparison.json, or is one of its trainings.

    Example: python -m spacy mtl report training --docs corpus/dev.spacy
    """
    if not folder.is_dir():
        raise CommandError(
            f"There is no folder '{folder}'", "Name the --output of a training, such as training."
        )
    _check_comparison(folder)
    page = folder / _NAME if output is None else output
    check_output_file(page, (".html",), force)
    from ..report.html.training import read_training, training_page

    load_code(code)
    shown = [] if docs is None else _annotated(folder, docs, n_docs)
    training = read_training(folder, shown)
    write_output_file(page, training_page(training), force)
    data = {
        "output": str(page),
        "steps": training.rows[-1].step if training.rows else None,
        "evaluations": len(training.rows),
        "documents": len(shown),
    }

    def show() -> None:
        msg.good(f"Saved the report: {page}")
        if docs is None:
            typer.echo("To see documents as the pipeline annotates them: --docs corpus/dev.spacy")

    return Outcome(data, show)


def _check_comparison(folder: Path) -> None:
    """Reject the --output of `spacy mtl compare`, which has many trainings."""
    from ..report.html.comparison import TRAININGS

    found = sorted(folder.glob(f"{TRAININGS}/*/"), key=lambda p: (p.stem != "joint", p.name))
    if found and not any(folder.glob("*.jsonl")):
        raise CommandError(
            f"'{folder}' is the --output of `spacy mtl compare`, which has several trainings",
            f"Name one, such as {found[0]}. The page also has the table of all.",
        )


def _annotated(folder: Path, docs: Path, n_docs: int) -> List[Any]:
    from spacy.tokens import DocBin
    from spacy.util import load_model

    from ..report.html.training import PIPELINES

    found = [folder / name for name in PIPELINES if (folder / name).is_dir()]
    if not found:
        raise CommandError(
            f"There is no pipeline in '{folder}' to annotate --docs: neither "
            f"{' nor '.join(PIPELINES)}",
            "Leave out --docs, or wait for the first evaluation of the training.",
        )
    if not docs.is_file():
        raise CommandError(f"There is no file '{docs}' for --docs", "Name a .spacy file.")
    nlp = load_model(found[0])
    try:
        golds = list(DocBin().from_disk(docs).get_docs(nlp.vocab))[:n_docs]
    # Damaged files raise anything.
    except Exception as err:
        raise CommandError(
            f"The corpus '{docs}' can't be read",
            f"Name a .spacy file (see `python -m spacy mtl convert`). The reader said: {err}",
        ) from err
    if not golds:
        raise CommandError(f"The corpus '{docs}' has no documents", "Name another.")
    return list(nlp.pipe(doc.text for doc in golds))
