"""What a weighting has learned, saved with the component.

Weightings that learn have `get_state` and `set_state`; those of users may go without.
"""

from pathlib import Path
from typing import Any, Dict, Optional

import srsly

from ..types import Weighting


def get_state(weighting: Weighting) -> Optional[Dict[str, Any]]:
    """Take the state of a weighting, and whose it is.

    weighting (Weighting): The weighting.
    RETURNS (Optional[Dict[str, Any]]): For msgpack. None if it has none.
    """
    get = getattr(weighting, "get_state", None)
    return None if get is None else {"of": type(weighting).__name__, "state": get()}


def set_state(weighting: Weighting, found: Optional[Dict[str, Any]]) -> None:
    """Have a weighting go on from a state.

    weighting (Weighting): The weighting.
    found (Optional[Dict[str, Any]]): What `get_state` gave. That of another method is left
        alone: the config has changed since, and the new one begins.
    """
    if found is not None and found["of"] == type(weighting).__name__:
        weighting.set_state(found["state"])  # type: ignore[attr-defined]


def read_state(path: Path) -> Dict[str, Any]:
    """Read what a joint component has written.

    path (Path): The file.
    RETURNS (Dict[str, Any]): The state.
    RAISES (ValueError): If it is damaged.
    """
    try:
        found = srsly.read_msgpack(path)
        if not isinstance(found, dict) or not {"weighting", "step"} <= set(found):
            raise ValueError("it holds something else")
    except Exception as err:
        raise ValueError(
            f"Can't read {path}, what the weighting of the tasks had learned: {err}. The file is "
            "damaged. Take it from another copy; or delete it, and the pipeline loads and predicts "
            "as before, and a training that goes on learns the weights anew."
        ) from err
    return found
