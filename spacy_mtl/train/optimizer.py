"""Save and restore an optimizer's state and the accumulated gradients.

They are stored by the addresses of the slots, which are the same in every process. thinc's own
keys are counters, which depend on how many layers the process has created before.
"""

from typing import Any, Dict, List

import numpy
from thinc.api import Optimizer, to_numpy, torch2xp, xp2torch

from ..compat.thinc import get_radam_buffer, set_radam_buffer
from ..hints import shortened
from ..parameters import Slot

#: The optimizer's state for each parameter.
_COUNTS = ("nr_update", "last_seen")
_KEPT = ("mom1", "mom2", "averages", *_COUNTS)


def get_gradients(slots: List[Slot]) -> Dict[str, Any]:
    """Get the accumulated gradients by address.

    slots (List[Slot]): The parameters.
    RETURNS (Dict[str, ndarray]): The gradients. If all values are 0, only the shape is kept.
    """
    found: Dict[str, Any] = {}
    for slot in slots:
        gradient = slot.gradient()
        if gradient is not None:
            is_zero = not gradient.any()
            found[slot.address] = list(gradient.shape) if is_zero else to_numpy(gradient)
    return found


def set_gradients(slots: List[Slot], gradients: Dict[str, Any]) -> None:
    """Restore the gradients from `get_gradients`.

    slots (List[Slot]): The parameters.
    gradients (Dict[str, Any]): The gradients by address.
    RAISES (ValueError): If they belong to other parameters.
    """
    _check_fit(slots, gradients, "gradients")
    for slot in slots:
        if slot.address in gradients:
            value = gradients[slot.address]
            is_shape = isinstance(value, list)
            # Arrays read from a file may be read-only.
            copied = numpy.zeros(value, dtype="float32") if is_shape else numpy.array(value)
            slot.set_gradient(copied)


def get_optimizer(sgd: Optimizer, slots: List[Slot]) -> Dict[str, Any]:
    """Get the state of an optimizer by address.

    sgd (Optimizer): The optimizer.
    slots (List[Slot]): The parameters.
    RETURNS (Dict[str, Any]): Moments, averages and counters.
    """
    addresses = {slot.key: slot.address for slot in slots}
    state: Dict[str, Any] = {"radam": get_radam_buffer(sgd)}
    for kept in _KEPT:
        values = getattr(sgd, kept)
        if values is not None:
            known = ((addresses[key], value) for key, value in values.items() if key in addresses)
            state[kept] = {a: v if isinstance(v, int) else to_numpy(v) for a, v in known}
    return state


def set_optimizer(sgd: Optimizer, slots: List[Slot], state: Dict[str, Any]) -> None:
    """Restore the state from `get_optimizer`.

    sgd (Optimizer): A new optimizer.
    slots (List[Slot]): The parameters.
    state (Dict[str, Any]): The state.
    RAISES (ValueError): If it belongs to another optimizer, or to other parameters.
    """
    keys = {slot.address: slot.key for slot in slots}
    ops = {slot.address: _ops_of(slot) for slot in slots}
    set_radam_buffer(sgd, state["radam"])
    for kept in _KEPT:
        if getattr(sgd, kept) is None:
            continue
        _check_fit(slots, state[kept], kept)
        for address, value in state[kept].items():
            is_count = isinstance(value, int)
            copied = value if is_count else ops[address](numpy.array(value))
            getattr(sgd, kept)[keys[address]] = copied


def _check_fit(slots: List[Slot], values: Dict[str, Any], what: str) -> None:
    shapes = {slot.address: slot.shape for slot in slots}
    for address, value in values.items():
        if address not in shapes:
            raise ValueError(f"it has '{what}' for {address}, which the pipeline does not have")
        # Moments may have any shape.
        if what in ("mom1", "mom2"):
            is_right = isinstance(value, numpy.ndarray)
        elif what in _COUNTS:
            is_right = isinstance(value, int) and not isinstance(value, bool)
        else:
            shape = tuple(value) if isinstance(value, list) else getattr(value, "shape", None)
            is_right = shape == shapes[address]
        if not is_right:
            raise ValueError(
                f"its '{what}' for {address}, a parameter of shape {shapes[address]}, are "
                f"{shortened(value)}"
            )


def _ops_of(slot: Slot) -> Any:
    if slot.is_thinc:
        return slot.owner.ops.asarray
    return lambda value: torch2xp(xp2torch(value, device=slot.owner.device).clone())
