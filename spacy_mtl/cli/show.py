"""`python -m spacy mtl show`: look at what a sharing scheme has learned about its tasks."""

import json
from pathlib import Path
from typing import List, Optional, Tuple

import typer
from spacy.util import load_model
from wasabi import msg

from ..atomic_files import write_files
from ..compat.spacy_cli import Arg, Opt
from ..report.heat_map import draw_tables
from ..report.scheme import SchemeReport, scheme_report
from ..report.structure import structure_json, structure_text
from .config import load_code
from .drawing import check_drawing
from .errors import CommandError, telling


@telling("Cannot show")
def show_cli(
    pipeline: str = Arg(..., help="The folder of a pipeline, or the name of an installed one"),
    output: Optional[Path] = Opt(
        None, "--output", "-o", help="File for a drawing of the tables as heat maps (.svg)"
    ),
    as_json: bool = Opt(False, "--json", "-j", help="Print only the tables, as JSON"),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the pipeline's config"
    ),
) -> None:
    """
    Show how the tasks of a trained pipeline share, and what was learned about them.

    Prints the sharing scheme, the number of its parameters (without the encoder), and its tables:
    stitches, gates, relations or a tree, depending on the scheme.
    """
    if output is not None:
        check_drawing(output, "--output", "learned.svg")
    load_code(code)
    report = scheme_report(load_model(pipeline))
    if output is not None:
        _draw(report, output)
    if as_json:
        # In ASCII, whatever the terminal's encoding.
        typer.echo(json.dumps(structure_json(report.tables), allow_nan=False))
        return
    _print_scheme(report)
    if report.tables:
        typer.echo(structure_text(report.tables))
    else:
        msg.info(report.why_no_tables)
    if output is not None:
        msg.good(f"Saved the drawing: {output}")


def _draw(report: SchemeReport, output: Path) -> None:
    if not report.tables:
        raise CommandError(
            f"There is nothing to draw for {report.scheme}. {report.why_no_tables}",
            "Leave out --output.",
        )
    drawing = draw_tables(report.tables, f"What {report.scheme} has learned about the tasks")
    write_files({output: drawing.encode("utf8")})


def _print_scheme(report: SchemeReport) -> None:
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
