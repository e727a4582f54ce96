"""The lower layers of an encoder, as a network that also tells what the upper ones are given."""

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple
from weakref import WeakKeyDictionary

import torch

from ..locks import ForkSafeLock
from .copies import note_part, twin_of
from .layers import LayerForm, LayerNames, find_layers, n_layers_of, take_hidden
from .packing import Packing

_MAKING = ForkSafeLock()
#: By network, and by the number of upper layers and the device.
_LOWER: "WeakKeyDictionary[Any, Dict[Tuple[int, Any], Any]]" = WeakKeyDictionary()
#: What the upper layers of the current pass are given. Each thread has its own.
_CAUGHT: "ContextVar[Optional[List[Given]]]" = ContextVar("caught", default=None)


@dataclass(frozen=True)
class Given:
    """What an upper layer is given.

    hidden (Tensor): The hidden states. Shape: (n_rows, length, width).
    args (Tuple): Its other positional arguments, such as a mask.
    kwargs (Dict[str, Any]): Its other arguments.
    """

    hidden: Any
    args: Tuple
    kwargs: Dict[str, Any]


#: Where something is in what layers are given: a path to it.
Place = Tuple[Any, ...]


def exchanged(given: Given, change: Callable[[Place, Any], Any], at: Place = ()) -> Given:
    """Change what a layer is given beside its hidden states, however it is nested.

    given (Given): What it is given.
    change (Callable[[Place, Any], Any]): Returns what to put in place of a value.
    at (Place): Where the layer is: what each path starts with.
    RETURNS (Given): The same with other values.
    """
    args = _walk((*at, "args"), given.args, change)
    return replace(given, args=args, kwargs=_walk((*at, "kwargs"), given.kwargs, change))


def _walk(place: Place, value: Any, change: Callable[[Place, Any], Any]) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(_walk((*place, i), each, change) for i, each in enumerate(value))
    if isinstance(value, dict):
        return {key: _walk((*place, key), each, change) for key, each in value.items()}
    return change(place, value)


class Passage:
    """The forward function of what stands for an upper layer: hidden states just pass.

    form (LayerForm): What a layer returns.
    """

    def __init__(self, form: LayerForm) -> None:
        self._form = form

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """RETURNS (Any): The hidden states that were given, as the layer would return them."""
        hidden, others, named = take_hidden(args, kwargs)
        caught = _CAUGHT.get()
        if caught is not None:
            caught.append(Given(hidden, others, named))
        return self._form.wrapped(hidden)


@contextmanager
def catching() -> Iterator[List[Given]]:
    """Catch what the upper layers are given.

    YIELDS (List[Given]): One per upper layer, from the lowest, once the lower ones have run.
    """
    caught: List[Given] = []
    token = _CAUGHT.set(caught)
    try:
        yield caught
    finally:
        _CAUGHT.reset(token)


def lower_part(network: Any, n_upper: int) -> Any:
    """Get an encoder without its upper layers. Made once per network.

    network (PreTrainedModel): The encoder.
    n_upper (int): The number of layers to leave out, 0 or more.
    RETURNS (PreTrainedModel): A network that shares all parameters with the encoder: its last
        hidden states are those that the first upper layer is given. The encoder itself if no layer
        is left out.
    RAISES (EncoderError): If it can't be split.
    """
    if not n_upper:
        return network
    key = n_upper, next(network.parameters()).device
    names = find_layers(network)
    with _MAKING:
        parts = _LOWER.setdefault(network, {})
        if key not in parts:
            parts[key] = _make_lower(network, n_upper, names)
            note_part(network, parts[key])
        return parts[key]


def lower_packing(packing: Optional[Packing], network: Any, n_upper: int) -> Optional[Packing]:
    """Get how the lower layers read packed texts, from how the whole encoder does.

    packing (Optional[Packing]): That of the encoder, if it can.
    network (PreTrainedModel): The encoder.
    n_upper (int): The number of layers that are left out.
    RETURNS (Optional[Packing]): That of the lower layers.
    """
    if packing is None:
        return None
    n_layers = n_layers_of(network)
    # Each layer calls attention as often.
    return replace(packing, n_calls=packing.n_calls * (n_layers - n_upper) // n_layers)


def _make_lower(network: Any, n_upper: int, names: LayerNames) -> Any:
    lower = twin_of(network, *network.buffers(), network.config)
    for name in names.layers[-n_upper:]:
        # Other modules may look at attributes of a layer, so it stays, without its content.
        layer = lower.get_submodule(name)
        own = [*layer.named_children(), *layer.named_parameters(recurse=False)]
        for part, _ in own:
            delattr(layer, part)
        layer.forward = Passage(names.form)
    for name in names.after:
        parent, _, attribute = name.rpartition(".")
        setattr(lower.get_submodule(parent), attribute, torch.nn.Identity())
    return lower
