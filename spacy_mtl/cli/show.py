"""`python -m spacy mtl show`: look at what a sharing scheme has learned about its tasks."""

from pathlib import Path
from typing import Any, List, Optional, Tuple

import typer
from spacy.util import load_model
from wasabi import msg

from ..atomic_files import write_files
from ..compat.spacy_cli import Arg, Opt
from .config import load_code
from .errors import CommandError, telling
from .outcome import Outcome, reporting
from .output_file import check_output_file


@reporting
@telling("Cannot show")
def show_cli(
    pipeline: str = Arg(..., help="The folder of a pipeline, or the name of an installed one"),
    output: Optional[Path] = Opt(
        None, "--output", "-o", help="File for a drawing of the tables as heat maps (.svg)"
    ),
    force: bool = Opt(False, "--force", "-F", "-f", help="Replace an existing file --output"),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the pipeline's config"
    ),
) -> Outcome:
    """
    Show how the tasks of a trained pipeline share, and what was learned about them.

    Prints the sharing scheme, the number of its parameters (without the encoder), and its tables:
    stitches, gates, relations or a tree, depending on the scheme. With --json only the tables.

    Example: python -m spacy mtl show training/model-best --output learned.svg
    """
    from ..report.scheme import scheme_report
    from ..report.structure import structure_json

    if output is not None:
        check_output_file(output, [".svg"], force, example="learned")
    load_code(code)
    report = scheme_report(load_model(pipeline))
    if output is not None:
        _draw(report, output)
    return Outcome(structure_json(report.tables), lambda: _print(report, output))


def _print(report: Any, output: Optional[Path]) -> None:
    """Print a `SchemeReport`, and where its drawing is."""
    from ..report.structure import structure_text

    _print_scheme(report)
    if report.tables:
        typer.echo(structure_text(report.tables))
    else:
        msg.info(report.why_no_tables)
    if output is not None:
        msg.good(f"Saved the drawing: {output}")


def _draw(report: Any, output: Path) -> None:
    from ..report.heat_map import draw_tables

    if not report.tables:
        raise CommandError(
            f"There is nothing to draw for {report.scheme}. {report.why_no_tables}",
            "Leave out --output.",
        )
    drawing = draw_tables(report.tables, f"What {report.scheme} has learned about the tasks")
    write_files({output: drawing.encode("utf8")})


def _print_scheme(report: Any) -> None:
    msg.divider(report.component)
    tasks = [
        task if is_here else f"{task} (its head is not in the pipeline)"
        for task, is_here in report.tasks.items()
    ]
    rows: List[Tuple[str, str]] = [
        ("scheme", report.scheme),
        ("tasks", ", ".join(tasks) or "none"),
        ("parameters", f"{report.size.total:,}"),
    ]
    if report.size.total:
        rows.append(("  shared", f"{report.size.shared:,}"))
        rows += [(f"  of {task}", f"{n:,}") for task, n in report.size.private.items()]
    if report.size.of_losses:
        rows.append(("  of its losses", f"{report.size.of_losses:,}"))
    msg.table(rows)
