"""What a weighting has learned, saved with the component."""

from typing import Any, ContextManager, Dict, Optional

import srsly

from ..loading import explained
from ..types import Weighting


def get_state(weighting: Weighting) -> Optional[Dict[str, Any]]:
    """Take the state of a weighting, and whose it is.

    weighting (Weighting): The weighting.
    RETURNS (Optional[Dict[str, Any]]): For msgpack. None if it has none.
    """
    state = weighting.get_state()
    return None if state is None else {"of": weighting.title, "state": state}


def set_state(weighting: Weighting, found: Optional[Dict[str, Any]]) -> None:
    """Have a weighting go on from a state.

    weighting (Weighting): The weighting.
    found (Optional[Dict[str, Any]]): What `get_state` gave. That of another method is left
        alone: the config has changed since, and the new one begins.
    """
    if found is not None and found["of"] == weighting.title:
        weighting.set_state(found["state"])


def pack(state: Dict[str, Any], weighting: Weighting) -> bytes:
    """Turn a state into bytes.

    state (Dict[str, Any]): The state.
    weighting (Weighting): Whose it is.
    RETURNS (bytes): For `packed.unpack`.
    RAISES (ValueError): If it holds what msgpack does not know.
    """
    try:
        return srsly.msgpack_dumps(state)
    except (TypeError, ValueError, OverflowError) as err:
        raise ValueError(
            f"What get_state of the weighting {weighting.title} gives cannot be saved: "
            f"{err}. It may hold numbers, strings, lists, dicts and arrays of numpy."
        ) from err


def explained_state(what: str) -> ContextManager[None]:
    """Say of whatever fails that a state is damaged.

    what (str): The file, or the part of the bytes.
    RAISES (ValueError): Instead of any other error.
    """
    return explained(
        f"{what}, what the weighting of the tasks had learned",
        "It is damaged. Take it from another copy; or delete it, and the pipeline loads and "
        "predicts as before, and a training that goes on learns the weights anew.",
    )
