"""Uniform access to the parameters of models: one slot for each.

Averages, learning rates, checkpoints, checks for finite values, and gradients at the parameters
all use these slots.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from spacy.language import Language
from thinc.api import Model, torch2xp, xp2torch
from thinc.types import FloatsXd

from .compat.thinc import named_parameters, take_gradient


@dataclass(frozen=True)
class Slot:
    """A parameter of a thinc layer or of a wrapped torch module.

    address (str): The position of its layer in `model.walk()`, "node" or "shim" with its number,
        and the parameter's name: the same in every process. `slots_of` prepends the component.
    key (Tuple[int, str]): The optimizer's key, which differs between processes.
    owner (Any): The thinc layer or the torch parameter.
    name (str): The parameter's name in the layer.
    """

    address: str
    key: Tuple[int, str]
    owner: Any
    name: str

    @property
    def is_thinc(self) -> bool:
        """RETURNS (bool): Whether it belongs to a thinc layer."""
        return isinstance(self.owner, Model)

    @property
    def identity(self) -> Tuple[bool, Tuple[int, str]]:
        """RETURNS (Tuple[bool, Tuple[int, str]]): The same for the same parameter only.

        A layer and a shim may have the same number, and so the same key.
        """
        return self.is_thinc, self.key

    @property
    def is_set(self) -> bool:
        """RETURNS (bool): Whether it has values: its layer may not be initialized yet."""
        return bool(self.owner.has_param(self.name)) if self.is_thinc else True

    @property
    def is_trained(self) -> bool:
        """RETURNS (bool): Whether it receives gradients."""
        return self.is_thinc or bool(self.owner.requires_grad)

    @property
    def value(self) -> Any:
        """RETURNS (FloatsXd): Its values, not a copy."""
        return self.owner.get_param(self.name) if self.is_thinc else torch2xp(self.owner.detach())

    @property
    def shape(self) -> Tuple[int, ...]:
        """RETURNS (Tuple[int, ...]): The shape of its values."""
        return tuple(self.owner.get_param(self.name).shape if self.is_thinc else self.owner.shape)

    @property
    def size(self) -> int:
        """RETURNS (int): The number of its values; 0 if it has none yet."""
        if self.is_thinc:
            return int(self.owner.get_param(self.name).size) if self.is_set else 0
        return int(self.owner.numel())

    def gradient(self) -> Optional[Any]:
        """RETURNS (Optional[FloatsXd]): The gradient for the optimizer's next step.

        None differs from zeros: the optimizer is called with zeros, and its momentum moves the
        parameter.
        """
        if self.is_thinc:
            return self.owner.get_grad(self.name) if self.owner.has_grad(self.name) else None
        return None if self.owner.grad is None else torch2xp(self.owner.grad)

    def take(self) -> Optional[Any]:
        """Remove the gradient.

        RETURNS (Optional[FloatsXd]): The removed gradient, flat.
        """
        if self.is_thinc:
            gradient: Any = take_gradient(self.owner, self.name)
            return None if gradient is None else gradient.ravel()
        gradient, self.owner.grad = self.owner.grad, None
        return None if gradient is None else torch2xp(gradient).ravel()

    def add(self, values: Any) -> None:
        """Add to the gradient.

        values (FloatsXd): Any shape with the right number of values. Copied.
        """
        if self.is_thinc:
            self.owner.inc_grad(self.name, values.reshape(self.shape).copy())
            return
        gradient = self._as_torch(values)
        if self.owner.grad is None:
            self.owner.grad = gradient.clone()
        else:
            self.owner.grad += gradient

    def set_gradient(self, gradient: Any) -> None:
        """Set the gradient to what `gradient` returned.

        gradient (FloatsXd): The gradient.
        """
        if self.is_thinc:
            self.owner.set_grad(self.name, self.owner.ops.asarray(gradient))
        else:
            self.owner.grad = self._as_torch(gradient).clone()

    def _as_torch(self, values: Any) -> Any:
        value = xp2torch(values, device=self.owner.device)
        return value.reshape(self.owner.shape).to(self.owner.dtype)


def slots_of_model(model: Model, prefix: str = "") -> Iterator[Slot]:
    """Find the parameters of a model.

    model (Model): The model.
    prefix (str): Prefix of the addresses.
    YIELDS (Slot): The slots. A parameter that is used in several places comes several times.
    """
    for place, node in enumerate(model.walk()):
        for name in node.param_names:
            yield Slot(f"{prefix}{place}/node/{name}", (node.id, name), node, name)
        for i, shim in enumerate(node.shims):
            for name, parameter in named_parameters(shim):
                yield Slot(f"{prefix}{place}/shim{i}/{name}", (shim.id, name), parameter, name)


def slots_of(nlp: Language) -> List[Slot]:
    """Find the parameters of all components.

    nlp (Language): The pipeline.
    RETURNS (List[Slot]): Each parameter once, under its first address.
    """
    models = ((name, getattr(pipe, "model", None)) for name, pipe in nlp.components)
    return unique(
        slot
        for name, model in models
        if isinstance(model, Model)
        for slot in slots_of_model(model, f"{name}/")
    )


def unique(slots: Iterable[Slot]) -> List[Slot]:
    """RETURNS (List[Slot]): The first slot of each parameter."""
    found: List[Slot] = []
    seen: Set[Tuple[bool, Tuple[int, str]]] = set()
    for slot in slots:
        if slot.identity not in seen:
            seen.add(slot.identity)
            found.append(slot)
    return found


@contextmanager
def use_torch_params(
    models: Sequence[Model], params: Dict[Tuple[int, str], FloatsXd]
) -> Iterator[None]:
    """Temporarily set the parameters of wrapped torch modules.

    Optimizers store averages under (shim id, parameter name), but thinc 8.3's
    `PyTorchShim.use_params` looks for "pytorch_{id}_{name}" and finds none. Averaged heads would
    be evaluated and saved on top of the raw encoder.

    models (Sequence[Model]): The models that wrap the torch modules.
    params (Dict[Tuple[int, str], FloatsXd]): Values by the optimizer's keys, such as
        `Optimizer.averages`.
    """
    backup = []
    try:
        for slot in (slot for model in models for slot in slots_of_model(model)):
            if not slot.is_thinc and slot.key in params:
                parameter = slot.owner
                backup.append((parameter, parameter.data))
                value = xp2torch(params[slot.key], device=parameter.device)
                parameter.data = value.reshape(parameter.shape).to(parameter.dtype)
        yield
    finally:
        for parameter, value in backup:
            parameter.data = value
