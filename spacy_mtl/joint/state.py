"""Saving and restoring what a weighting has learned."""

from typing import Any, ContextManager, Dict, Optional

import srsly

from ..loading import explained
from ..types import Weighting


def get_state(weighting: Weighting) -> Optional[Dict[str, Any]]:
    """Get the state of a weighting, labelled with its title.

    weighting (Weighting): The weighting.
    RETURNS (Optional[Dict[str, Any]]): The state, for msgpack. None if it has none.
    """
    state = weighting.get_state()
    return None if state is None else {"of": weighting.title, "state": state}


def set_state(weighting: Weighting, found: Optional[Dict[str, Any]]) -> None:
    """Restore a weighting's saved state.

    weighting (Weighting): The weighting.
    found (Optional[Dict[str, Any]]): The result of `get_state`. The state of another method is
        ignored: the config has changed since, so the new method starts from scratch.
    """
    if found is not None and found["of"] == weighting.title:
        weighting.set_state(found["state"])


def pack(state: Dict[str, Any], weighting: Weighting) -> bytes:
    """Turn a state into bytes.

    state (Dict[str, Any]): The state.
    weighting (Weighting): The weighting it belongs to.
    RETURNS (bytes): The packed state, for `packed.unpack`.
    RAISES (ValueError): If msgpack doesn't support a value in it.
    """
    try:
        return srsly.msgpack_dumps(state)
    except (TypeError, ValueError, OverflowError) as err:
        raise ValueError(
            f"The state that get_state of the weighting {weighting.title} returns cannot be "
            f"saved: {err}. It may contain numbers, strings, lists, dicts and numpy arrays."
        ) from err


def explained_state(what: str) -> ContextManager[None]:
    """Explain any error while a state is restored: the state is damaged.

    what (str): The file, or the part of the bytes.
    RAISES (ValueError): Replaces any other error.
    """
    return explained(
        f"{what}, what the weighting of the tasks had learned",
        "It is damaged. Restore it from another copy, or delete it: the pipeline then loads and "
        "predicts as before, and a resumed training learns the weights again.",
    )
