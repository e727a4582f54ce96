"""`python -m spacy mtl list`: what is registered, with a line and its paper."""

from dataclasses import asdict
from typing import Any, Dict, List, Optional

import typer
import wasabi

from ..compat.spacy_cli import Arg
from ..hints import nearest
from .errors import CommandError, telling
from .outcome import Outcome, reporting

#: The kinds of what is registered: the keys of `catalog.KINDS`, which takes time to import.
KIND_NAMES = ("weightings", "sharing", "schedules", "heads")


@reporting
@telling("Cannot list")
def list_cli(
    kind: Optional[str] = Arg(None, help=f"One of: {', '.join(KIND_NAMES)} (default: all)"),
) -> Outcome:
    """
    List every registered weighting, sharing scheme, schedule of corpora and head, also those
    of other packages, with what it does and its paper.

    Example: python -m spacy mtl list weightings
    """
    from ..recommend.catalog import entries_of

    if kind is not None and kind not in KIND_NAMES:
        raise CommandError(
            f"There is nothing to list called '{kind}'",
            f"{nearest(kind, KIND_NAMES)}Choose one of: {', '.join(KIND_NAMES)}.",
        )
    found = {each: entries_of(each) for each in KIND_NAMES if kind in (None, each)}
    data: Dict[str, List[Any]] = {
        each: [asdict(entry) for entry in entries] for each, entries in found.items()
    }
    return Outcome(data, lambda: _print(found))


def _print(found: Dict[str, List[Any]]) -> None:
    """Print lists of `Entry`."""
    for kind, entries in found.items():
        rows = [(entry.name, entry.line, entry.paper or "-") for entry in entries]
        header = (kind, "what it does", "paper")
        typer.echo(wasabi.table(rows, header=header, divider=True, max_col=1000))
