"""The upper layers of an encoder with adapters: small parts that change what its layers compute.

The layers keep their parameters, and know nothing of tasks. What changes them is set for each pass,
so that several tasks, and threads, use the same layers.
"""

from abc import ABC, abstractmethod
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ..locks import ForkSafeLock
from .copies import note_part, twin_of
from .lower import Given
from .stacking import NotStackableError, StackingPlan, stack
from .upper import UpperLayers, upper_part

_MAKING = ForkSafeLock()
#: By network, and by the number of layers, the names of linear layers, and the device.
_ADAPTED: "WeakKeyDictionary[Any, Dict[Tuple[int, Tuple[str, ...], Any], AdaptedLayers]]"
_ADAPTED = WeakKeyDictionary()


class Changes(ABC):
    """What adapters change in one pass through the upper layers.

    In a pass for several tasks, the first dimension of hidden states, or the second one of packed
    texts, has a copy of the texts for each task, one after the other.
    """

    #: The number of tasks of the pass.
    n_copies = 1

    @abstractmethod
    def of_linear(self, name: str, X: Tensor, output: Tensor) -> Tensor:
        """Change what a linear layer returns.

        name (str): Its name in the upper layers, such as "layers.0.attention.self.query".
        X (Tensor): Its input. *Shape:* (n_rows, length, n_inputs).
        output (Tensor): Its output. *Shape:* (n_rows, length, n_outputs).
        RETURNS (Tensor): The changed output.
        """

    @abstractmethod
    def of_layer(self, number: int, hidden: Tensor) -> Tensor:
        """Change what a layer of the encoder returns.

        number (int): The number of the layer, from 0 for the lowest of the upper layers.
        hidden (Tensor): Its hidden states. *Shape:* (n_rows, length, width).
        RETURNS (Tensor): The changed hidden states.
        """


@dataclass(frozen=True)
class _Pass:
    """A pass through the layers.

    changes (Changes): What is changed.
    shape (Tuple[int, int]): The first dimensions of hidden states.
    """

    changes: Changes
    shape: Tuple[int, ...]


#: The current pass. Each thread has its own.
_PASS: "ContextVar[Optional[_Pass]]" = ContextVar("pass", default=None)


class AdaptedLinear(torch.nn.Linear):
    """A linear layer whose output may be changed.

    base (Linear): The layer with its parameters.
    name (str): Its name in the upper layers.
    """

    def __init__(self, base: torch.nn.Linear, name: str) -> None:
        has_bias = base.bias is not None
        super().__init__(base.in_features, base.out_features, has_bias, device="meta")
        self.weight, self.bias = base.weight, base.bias
        self.name = name

    def forward(self, X: Tensor) -> Tensor:
        output = super().forward(X)
        current = _PASS.get()
        if current is None:
            return output
        if current.changes.n_copies > 1 and X.shape[:-1] != current.shape:
            raise NotStackableError
        return current.changes.of_linear(self.name, X, output)


class AdaptedLayers(UpperLayers):
    """The upper layers of an encoder, of which some linear layers are `AdaptedLinear`.

    Shares all parameters with the encoder.

    upper (UpperLayers): The layers. Modified.
    names (Sequence[str]): The names of the linear layers that can be changed.
    """

    def __init__(self, upper: UpperLayers, names: Sequence[str]) -> None:
        super().__init__(list(upper.layers), list(upper.after), upper.form)
        for name in names:
            parent, _, attribute = name.rpartition(".")
            base: Any = self.get_submodule(name)
            setattr(self.get_submodule(parent), attribute, AdaptedLinear(base, name))

    def forward(self, hidden: Tensor, given: Sequence[Given]) -> Tensor:
        current = _PASS.get()
        for number, (layer, own) in enumerate(zip(self.layers, given)):
            hidden = self.form.hidden_of(layer(hidden, *own.args, **own.kwargs))
            if current is not None:
                hidden = current.changes.of_layer(number, hidden)
        for module in self.after:
            hidden = module(hidden)
        return hidden


@dataclass(frozen=True)
class ChangedLayers:
    """Layers with what changes them: call it like `UpperLayers`, also to repeat a pass.

    layers (AdaptedLayers): The layers.
    changes (Changes): What changes them.
    plan (Optional[StackingPlan]): How to give several tasks a copy of the texts each, in one pass.
    """

    layers: AdaptedLayers
    changes: Changes
    plan: Optional[StackingPlan] = None

    def __call__(self, hidden: Tensor, given: Sequence[Given]) -> Tensor:
        """Run the layers: see `UpperLayers`.

        RETURNS (Tensor): The hidden states, with a copy for each task.
        """
        if self.plan is not None:
            hidden, given = stack(self.plan, hidden, given, self.changes.n_copies)
        token = _PASS.set(_Pass(self.changes, tuple(hidden.shape[:2])))
        try:
            found: Tensor = self.layers(hidden, given)
        finally:
            _PASS.reset(token)
        return found


def linear_layers(network: Any, n_upper: int) -> Dict[str, Tuple[int, int]]:
    """Find the linear layers that adapters can change.

    network (PreTrainedModel): The encoder.
    n_upper (int): The number of its upper layers.
    RETURNS (Dict[str, Tuple[int, int]]): Their numbers of outputs and inputs, by name, such as
        "layers.0.attention.self.query" in the lowest of the upper layers.
    RAISES (EncoderError): If the layers of the encoder can't be found.
    """
    return {
        name: (module.out_features, module.in_features)
        for name, module in upper_part(network, n_upper).layers.named_modules(prefix="layers")
        # A subclass may compute something else.
        if type(module) is torch.nn.Linear
    }


def adapted_upper(network: Any, n_upper: int, names: Sequence[str]) -> AdaptedLayers:
    """Get the upper layers of an encoder in a form that adapters can change. Made once.

    network (PreTrainedModel): The encoder.
    n_upper (int): The number of layers.
    names (Sequence[str]): The names of the linear layers to change, of `linear_layers`.
    RETURNS (AdaptedLayers): The layers. They share all parameters with the encoder.
    RAISES (EncoderError): If the layers of the encoder can't be found.
    """
    key = n_upper, tuple(names), next(network.parameters()).device
    with _MAKING:
        parts = _ADAPTED.setdefault(network, {})
        if key not in parts:
            upper = upper_part(network, n_upper)
            twin = twin_of(upper, *upper.buffers(), network.config)
            parts[key] = AdaptedLayers(twin, names)
            note_part(network, parts[key])
        return parts[key]
