"""The parameters of models: one slot each, whoever walks over them.

Averages, learning rates, checkpoints, finite values, and gradients at the parameters all go by
these slots.
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
    """A parameter of a thinc layer, or of a torch module that is wrapped by one.

    address (str): The place of its layer in `model.walk()`, "node" or "shim" and its number, and
        the name of the parameter: the same in every process. `slots_of` puts the component first.
    key (Tuple[int, str]): What an optimizer calls it. Another one in every process.
    owner (Any): The thinc layer, or the parameter of torch.
    name (str): Its name in the layer.
    """

    address: str
    key: Tuple[int, str]
    owner: Any
    name: str

    @property
    def is_thinc(self) -> bool:
        """RETURNS (bool): Whether it is a thinc layer's own."""
        return isinstance(self.owner, Model)

    @property
    def identity(self) -> Tuple[bool, Tuple[int, str]]:
        """RETURNS (Tuple[bool, Tuple[int, str]]): The same for the same parameter only.

        A layer and a shim may have the same number, and so the same key.
        """
        return self.is_thinc, self.key

    @property
    def is_set(self) -> bool:
        """RETURNS (bool): Whether it has values: a layer may not be initialised yet."""
        return bool(self.owner.has_param(self.name)) if self.is_thinc else True

    @property
    def is_trained(self) -> bool:
        """RETURNS (bool): Whether it takes gradients."""
        return self.is_thinc or bool(self.owner.requires_grad)

    @property
    def value(self) -> Any:
        """RETURNS (FloatsXd): Its values, as they are in memory."""
        return self.owner.get_param(self.name) if self.is_thinc else torch2xp(self.owner.detach())

    @property
    def shape(self) -> Tuple[int, ...]:
        """RETURNS (Tuple[int, ...]): That of its values."""
        return tuple(self.owner.get_param(self.name).shape if self.is_thinc else self.owner.shape)

    @property
    def size(self) -> int:
        """RETURNS (int): How many values it has; 0 if it has none yet."""
        if self.is_thinc:
            return int(self.owner.get_param(self.name).size) if self.is_set else 0
        return int(self.owner.numel())

    def gradient(self) -> Optional[Any]:
        """RETURNS (Optional[FloatsXd]): What waits for the optimizer's next step.

        None is something else than zeros: those are given to it, and its momentum moves the
        parameter.
        """
        if self.is_thinc:
            return self.owner.get_grad(self.name) if self.owner.has_grad(self.name) else None
        return None if self.owner.grad is None else torch2xp(self.owner.grad)

    def take(self) -> Optional[Any]:
        """Take the gradient away.

        RETURNS (Optional[FloatsXd]): What it was, flat. There is none then.
        """
        if self.is_thinc:
            gradient: Any = take_gradient(self.owner, self.name)
            return None if gradient is None else gradient.ravel()
        gradient, self.owner.grad = self.owner.grad, None
        return None if gradient is None else torch2xp(gradient).ravel()

    def add(self, values: Any) -> None:
        """Add to the gradient.

        values (FloatsXd): Of any shape with as many values. They stay the caller's.
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
        """Set what `gradient` gave.

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
    prefix (str): What the addresses begin with.
    YIELDS (Slot): A parameter that is used in several places comes several times.
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
    RETURNS (List[Slot]): Each once, under its first address.
    """
    models = ((name, getattr(pipe, "model", None)) for name, pipe in nlp.components)
    return unique(
        slot
        for name, model in models
        if isinstance(model, Model)
        for slot in slots_of_model(model, f"{name}/")
    )


def unique(slots: Iterable[Slot]) -> List[Slot]:
    """RETURNS (List[Slot]): Each parameter once, where it comes first."""
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
    """Set the parameters of wrapped torch modules for a while.

    An optimizer keeps averages under (shim id, parameter name). thinc 8.3's
    `PyTorchShim.use_params` looks for "pytorch_{id}_{name}", finds none, and so evaluates and
    saves the averaged heads on the raw encoder.

    models (Sequence[Model]): Models whose torch modules are meant.
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
