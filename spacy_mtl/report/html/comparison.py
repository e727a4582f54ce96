"""The table of `spacy mtl compare`, if there is one in the folder of a training."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

#: The file's name.
COMPARISON = "comparison.json"


class ComparisonError(ValueError):
    """A comparison that can't be read."""


def read_comparison(folder: Path) -> Optional[List[Dict[str, Any]]]:
    """Read the verdicts of a comparison.

    folder (Path): The folder.
    RETURNS (Optional[List[Dict[str, Any]]]): One row per task: "task", "alone", "joint",
        "difference" and "interval" in percentage points, "p", "p_holm" and "verdict", as text,
        and "kind": the CSS class of the verdict. None if there is no comparison.
    RAISES (ComparisonError): If the file is damaged.
    """
    path = folder / COMPARISON
    if not path.is_file():
        return None
    try:
        tasks = json.loads(path.read_text(encoding="utf8"))["tasks"]
        return [_row(name, found) for name, found in tasks.items()]
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise ComparisonError(
            f"'{path}' is not the result of `spacy mtl compare`, or it is damaged ({err!r}). Run "
            "it again, or remove the file."
        ) from err


def _row(name: str, found: Dict[str, Any]) -> Dict[str, Any]:
    low, high = found["interval"]
    verdict = str(found["verdict"])
    return {
        "task": name,
        "alone": f"{100 * found['alone']:.2f}",
        "joint": f"{100 * found['joint']:.2f}",
        "difference": f"{100 * found['difference']:+.2f}",
        "interval": f"{100 * low:+.2f} to {100 * high:+.2f}",
        "p": f"{found['p']:.3f}",
        "p_holm": f"{found['p_holm']:.3f}",
        "verdict": verdict,
        "kind": verdict if verdict in ("gain", "loss") else "",
    }
