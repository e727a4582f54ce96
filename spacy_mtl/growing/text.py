"""What adding a task has done, as a table and as JSON."""

import math
from typing import Any, Dict, List, Optional, Sequence

import wasabi

from ..evaluation.text import percent
from .changes import Change

HEADER = ("task", "before", "after", "difference", "same predictions", "scored on")


def changes_text(changes: Dict[str, Change]) -> str:
    """Format what has changed.

    changes (Dict[str, Change]): The tasks before and after.
    RETURNS (str): A table with a row for each task.
    """
    aligns: Any = ["l", *"r" * 4, "l"]
    text: str = wasabi.table(change_rows(changes), HEADER, divider=True, aligns=aligns)
    return text.strip("\n")


def change_rows(changes: Dict[str, Change]) -> List[Sequence[str]]:
    """RETURNS (List[Sequence[str]]): The cells of `HEADER`, one row per task, in percent."""
    return [
        (
            name,
            "new" if each.is_new else percent(each.before),
            percent(each.after),
            _signed(_difference(each)),
            "-" if each.alike is None else _same(each),
            each.source or "-",
        )
        for name, each in changes.items()
    ]


def changes_json(changes: Dict[str, Change]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The same, by task. Shares are in [0, 1], None if unknown."""
    return {
        name: {
            "is_new": each.is_new,
            "before": each.before,
            "after": each.after,
            "difference": _difference(each),
            "scored_on": each.source or None,
            "same": None if each.alike is None else each.alike.share,
            "predictions": None if each.alike is None else each.alike.n,
            "identical": None if each.alike is None else each.alike.is_exact,
        }
        for name, each in changes.items()
    }


def _difference(change: Change) -> Optional[float]:
    if change.before is None or change.after is None:
        return None
    return change.after - change.before


def _signed(share: Optional[float]) -> str:
    return "-" if share is None else f"{100 * share:+.2f}"


def _same(change: Change) -> str:
    assert change.alike is not None
    # Not rounded up: 99.999 % are not all of them.
    share = math.floor(10_000 * change.alike.share) / 100
    return "all, to the bit" if change.alike.is_exact else f"{share:.2f}"
