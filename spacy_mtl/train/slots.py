"""The parameters of a pipeline under names that hold in every process.

thinc's own keys are counters: which number a layer has depends on what else the process has
made before it.
"""

from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import numpy
from spacy.language import Language
from thinc.api import Model, Optimizer, to_numpy, torch2xp, xp2torch

from ..compat.thinc import get_radam_buffer, set_radam_buffer
from ..hints import shortened

#: What an optimizer keeps for each parameter.
_COUNTS = ("nr_update", "last_seen")
_KEPT = ("mom1", "mom2", "averages", *_COUNTS)


@dataclass(frozen=True)
class Slot:
    """A parameter.

    address (str): The component, the place of its layer in `model.walk()`, "node" or "shim"
        and its number, and the name of the parameter.
    key (Tuple[int, str]): What an optimizer calls it.
    owner (Any): A thinc layer, or a parameter of torch.
    name (str): Its name in the layer.
    """

    address: str
    key: Tuple[int, str]
    owner: Any
    name: str

    @property
    def shape(self) -> Tuple[int, ...]:
        """RETURNS (Tuple[int, ...]): That of its values."""
        is_layer = isinstance(self.owner, Model)
        value: Any = self.owner.get_param(self.name) if is_layer else self.owner
        return tuple(value.shape)

    def gradient(self) -> Optional[Any]:
        """RETURNS (Optional[FloatsXd]): What waits for the optimizer's next step.

        None is something else than zeros: those are given to it, and its momentum moves the
        parameter.
        """
        if isinstance(self.owner, Model):
            return self.owner.get_grad(self.name) if self.owner.has_grad(self.name) else None
        return None if self.owner.grad is None else torch2xp(self.owner.grad)

    def set_gradient(self, gradient: Any) -> None:
        """Set what `gradient` gave.

        gradient (FloatsXd): The gradient.
        """
        if isinstance(self.owner, Model):
            self.owner.set_grad(self.name, self.owner.ops.asarray(gradient))  # type: ignore[arg-type]
        else:
            value = xp2torch(gradient, device=self.owner.device)
            self.owner.grad = value.to(self.owner.dtype).clone()


def slots_of(nlp: Language) -> List[Slot]:
    """Find the parameters of all components.

    nlp (Language): The pipeline.
    RETURNS (List[Slot]): Each once, under its first address.
    """
    found: List[Slot] = []
    seen: Set[Tuple[int, str]] = set()
    for component, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        if isinstance(model, Model):
            for slot in _slots_of_model(component, model):
                if slot.key not in seen:
                    seen.add(slot.key)
                    found.append(slot)
    return found


def _slots_of_model(component: str, model: Model) -> Iterator[Slot]:
    for place, node in enumerate(model.walk()):
        for name in node.param_names:
            yield Slot(f"{component}/{place}/node/{name}", (node.id, name), node, name)
        for i, shim in enumerate(node.shims):
            named = getattr(shim._model, "named_parameters", None)
            for name, parameter in named() if named is not None else ():
                address = f"{component}/{place}/shim{i}/{name}"
                yield Slot(address, (shim.id, name), parameter, name)


def get_gradients(slots: List[Slot]) -> Dict[str, Any]:
    """Take the gradients that wait, by address.

    slots (List[Slot]): The parameters.
    RETURNS (Dict[str, ndarray]): Those of zeros as their shape only.
    """
    found: Dict[str, Any] = {}
    for slot in slots:
        gradient = slot.gradient()
        if gradient is not None:
            is_zero = not gradient.any()
            found[slot.address] = list(gradient.shape) if is_zero else to_numpy(gradient)
    return found


def set_gradients(slots: List[Slot], gradients: Dict[str, Any]) -> None:
    """Set what `get_gradients` gave.

    slots (List[Slot]): The parameters.
    gradients (Dict[str, Any]): By address.
    RAISES (ValueError): If they are of other parameters.
    """
    _check_fit(slots, gradients, "gradients")
    for slot in slots:
        if slot.address in gradients:
            value = gradients[slot.address]
            is_shape = isinstance(value, list)
            # What was read from a file may not be written to.
            copied = numpy.zeros(value, dtype="float32") if is_shape else numpy.array(value)
            slot.set_gradient(copied)


def get_optimizer(sgd: Optimizer, slots: List[Slot]) -> Dict[str, Any]:
    """Take what an optimizer keeps, by address.

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
    """Set what `get_optimizer` gave.

    sgd (Optimizer): The optimizer, newly made.
    slots (List[Slot]): The parameters.
    state (Dict[str, Any]): The state.
    RAISES (ValueError): If it is of another optimizer, or of other parameters.
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
            raise ValueError(f"it has '{what}' of {address}, which the pipeline does not have")
        # What an optimizer keeps as moments may have any shape.
        if what in ("mom1", "mom2"):
            is_right = isinstance(value, numpy.ndarray)
        elif what in _COUNTS:
            is_right = isinstance(value, int) and not isinstance(value, bool)
        else:
            shape = tuple(value) if isinstance(value, list) else getattr(value, "shape", None)
            is_right = shape == shapes[address]
        if not is_right:
            raise ValueError(
                f"its '{what}' of {address}, a parameter of the shape {shapes[address]}, are "
                f"{shortened(value)}"
            )


def _ops_of(slot: Slot) -> Any:
    if isinstance(slot.owner, Model):
        return slot.owner.ops.asarray
    return lambda value: torch2xp(xp2torch(value, device=slot.owner.device).clone())
