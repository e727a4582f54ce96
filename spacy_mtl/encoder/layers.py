"""The layers of an encoder: where they are, and how hidden states go through them.

transformers has no common interface to the layers of its encoders. So a run that is watched by
hooks finds out: they are a `ModuleList`, each is called once, and each reads what the one before
returned.
"""

from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Tuple
from weakref import WeakKeyDictionary

import torch

from ..locks import ForkSafeLock
from .loading import EncoderError
from .mode import evaluate

#: The name of the hidden states, for layers that don't take them as their first argument.
_HIDDEN = "hidden_states"

_FINDING = ForkSafeLock()
_FOUND: "WeakKeyDictionary[Any, LayerNames]" = WeakKeyDictionary()


@dataclass(frozen=True)
class LayerForm:
    """What a layer returns: the hidden states, alone or as part of a tuple.

    length (Optional[int]): The length of the tuple. None if there is none.
    place (int): The position of the hidden states in the tuple.
    """

    length: Optional[int] = None
    place: int = 0

    def hidden_of(self, output: Any) -> Any:
        """RETURNS (Tensor): The hidden states in a layer's output."""
        return output if self.length is None else output[self.place]

    def wrapped(self, hidden: Any) -> Any:
        """RETURNS (Any): Hidden states as a layer returns them."""
        if self.length is None:
            return hidden
        return tuple(hidden if i == self.place else None for i in range(self.length))


@dataclass(frozen=True)
class LayerNames:
    """Where the layers of a network are, and what follows them.

    layers (List[str]): The names of its layers, from the lowest.
    after (List[str]): The names of the modules that the last layer's hidden states go through
        one after the other, such as a final normalization.
    form (LayerForm): What a layer returns.
    """

    layers: List[str]
    after: List[str]
    form: LayerForm


@dataclass(frozen=True)
class _Call:
    """A call of a module. Keeps the tensors, so that no other one gets the same number."""

    name: str
    args: Tuple
    kwargs: Dict[str, Any]
    output: Any


def n_layers_of(network: Any) -> int:
    """RETURNS (int): The number of an encoder's layers, according to its config."""
    return int(network.config.num_hidden_layers)


def find_layers(network: Any) -> LayerNames:
    """Find the layers of an encoder, once per network.

    network (PreTrainedModel): The encoder.
    RETURNS (LayerNames): The names of its layers, and what is known about them.
    RAISES (EncoderError): If it has no such layers.
    """
    with _FINDING:
        if network not in _FOUND:
            _FOUND[network] = _find(network)
        return _FOUND[network]


def take_hidden(args: Tuple, kwargs: Dict[str, Any]) -> Tuple[Any, Tuple, Dict[str, Any]]:
    """Split the arguments of a layer.

    args (Tuple): Its positional arguments.
    kwargs (Dict[str, Any]): Its other arguments.
    RETURNS (Tuple[Tensor, Tuple, Dict[str, Any]]): The hidden states, and all others.
    """
    if args:
        return args[0], args[1:], kwargs
    others = {key: value for key, value in kwargs.items() if key != _HIDDEN}
    return kwargs[_HIDDEN], args, others


def layer_error(network: Any, problem: str) -> EncoderError:
    """Make the error for an encoder that can't be taken apart.

    network (PreTrainedModel): The encoder.
    problem (str): The reason.
    RETURNS (EncoderError): The error.
    """
    name = network.config.name_or_path or "?"
    return EncoderError(
        f"The encoder '{name}' ({type(network).__name__}) can't be split into shared and private "
        f"layers: {problem}. Use another encoder, such as 'roberta-base' or 'distilroberta-base', "
        "or a sharing scheme that stands on top of the encoder, such as spacy_mtl.SoftSharing.v1."
    )


def _find(network: Any) -> LayerNames:
    n_layers = n_layers_of(network)
    lists = [
        [f"{name}.{i}" for i in range(n_layers)]
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == n_layers
    ]
    calls, last = _watch(network)
    for layers in lists:
        found = [call for call in calls if call.name in layers]
        if [call.name for call in found] == layers:
            form = _form_of(network, found, last)
            return LayerNames(layers, list(_after(network, calls, found[-1], form, last)), form)
    raise layer_error(
        network,
        f"it has no list of {n_layers} layers (num_hidden_layers in its config) that are each "
        "called once. Some encoders, such as ALBERT, use the same layer several times",
    )


def trial_ids(network: Any, n_pieces: int = 7) -> Any:
    """RETURNS (Tensor): Some wordpieces that an encoder knows. Shape: (1, n_pieces)."""
    padding = network.config.pad_token_id
    known = [i for i in range(min(10, network.config.vocab_size)) if i != padding]
    device = next(network.parameters()).device
    return torch.tensor(known, device=device).repeat(n_pieces)[None, :n_pieces]


def _watch(network: Any) -> Tuple[List[_Call], Any]:
    """Run a network on a text. RETURNS (Tuple[List[_Call], Tensor]): All calls; its output."""
    calls: List[_Call] = []

    def watch(name: str, module: Any) -> Any:
        def note(module: Any, args: Tuple, kwargs: Dict[str, Any], output: Any) -> None:
            calls.append(_Call(name, args, kwargs, output))

        return module.register_forward_hook(note, with_kwargs=True)

    evaluate(network)
    hooks = [watch(name, module) for name, module in network.named_modules() if name]
    try:
        device = next(network.parameters()).device
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            return calls, network(trial_ids(network)).last_hidden_state
    finally:
        for hook in hooks:
            hook.remove()


def _form_of(network: Any, calls: List[_Call], last: Any) -> LayerForm:
    """Find out what layers return, from what the highest one reads of the one before.

    The trial of a split shows whether the others do the same.
    """
    below, *above = calls[-2:]
    read = take_hidden(above[0].args, above[0].kwargs)[0] if above else last
    forms = [LayerForm()]
    if isinstance(below.output, tuple):
        forms = [LayerForm(len(below.output), place) for place in range(len(below.output))]
    # A single layer may be followed by other modules.
    given = (form for form in forms if not above or form.hidden_of(below.output) is read)
    found = next(given, None)
    if found is None:
        raise layer_error(network, "something else happens between its layers")
    return found


def _after(
    network: Any, calls: List[_Call], top: _Call, form: LayerForm, last: Any
) -> Iterator[str]:
    """YIELDS (str): The modules between the last layer and the output of the network."""
    hidden = form.hidden_of(top.output)
    later = calls[calls.index(top) + 1 :] if hidden is not last else []
    while hidden is not last:
        # The outer one of nested modules returns last.
        readers = [call for call in later if call.args and call.args[0] is hidden]
        readers = [call for call in readers if isinstance(call.output, torch.Tensor)]
        if not readers or readers[-1].output is hidden:
            raise layer_error(network, "what follows its last layer isn't a module")
        yield readers[-1].name
        hidden = readers[-1].output
