"""The table of `spacy mtl compare`, if there is one in the folder of a training."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

from ...evaluation.text import percent

#: The file's name, and the folder beside it with the trainings.
COMPARISON, TRAININGS = "comparison.json", "runs"


class ComparisonError(ValueError):
    """A comparison that can't be read."""


@dataclass(frozen=True)
class Comparison:
    """What `spacy mtl compare` has found.

    base (str): What the other setup is compared with: "alone", or "joint" after --with.
    compared (str): The other setup: "joint", or "with".
    rows (List[Dict[str, Any]]): One per task: "task", the scores "base" and "compared",
        "difference" and "interval" in percentage points, "p", "p_holm" and "verdict", as text,
        and "kind": the CSS class of the verdict.
    """

    base: str
    compared: str
    rows: List[Dict[str, Any]]


def read_comparison(folder: Path) -> Optional[Comparison]:
    """Read the verdicts of a comparison.

    folder (Path): The folder, or that of a training of the comparison.
    RETURNS (Optional[Comparison]): The setups and a row per task. None if there is no comparison.
    RAISES (ComparisonError): If the file is damaged.
    """
    path = folder / COMPARISON
    parent = folder.resolve().parent
    if not path.is_file() and parent.name == TRAININGS:
        path = parent.parent / COMPARISON
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf8"))
        base, compared = data["base"], data["compared"]
        rows = [_row(name, found, base, compared) for name, found in data["tasks"].items()]
        return Comparison(base, compared, rows)
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise ComparisonError(
            f"'{path}' is not the result of `spacy mtl compare`, or it is damaged ({err!r}). Run "
            "it again, or remove the file."
        ) from err


def _row(name: str, found: Dict[str, Any], base: str, compared: str) -> Dict[str, Any]:
    low, high = found["interval"]
    verdict = str(found["verdict"])
    return {
        "task": name,
        "base": percent(found[base]),
        "compared": percent(found[compared]),
        "difference": f"{100 * found['difference']:+.2f}",
        "interval": f"{100 * low:+.2f} to {100 * high:+.2f}",
        "p": f"{found['p']:.3f}",
        "p_holm": f"{found['p_holm']:.3f}",
        "verdict": verdict,
        "kind": verdict if verdict in ("gain", "loss") else "",
    }
