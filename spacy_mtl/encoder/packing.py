"""Attention within sequences that stand one after the other, without padding, on a CPU.

All else that an encoder does, it does piece by piece; so it takes the sequences as one
long one, and only `scaled_dot_product_attention` must know where each begins. Works with any
network that attends by that function and takes `position_ids`: whether one does is tried out.
"""

import inspect
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from threading import Lock
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple
from weakref import WeakKeyDictionary

import torch
from torch.overrides import TorchFunctionMode

from .dropout import dropout
from .mode import evaluate

_ATTENTION: Any = torch.nn.functional.scaled_dot_product_attention
_DROPOUT: Any = torch.nn.functional.dropout

_logger = logging.getLogger("spacy")


class NotPackableError(Exception):
    """A network attends in a way that does not let sequences be told apart."""


class AttentionWithin(TorchFunctionMode):
    """Restrict attention to each of some sequences, and drop out faster.

    Sequences of one length that stand together are attended to at once.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        """Initialise the mode.

        lengths (Sequence[int]): The length of each sequence.
        """
        super().__init__()
        self.groups = [(len(list(same)), length) for length, same in groupby(lengths)]
        self.n_calls = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Tuple = (), kwargs: Optional[Dict] = None
    ) -> Any:
        """Run a function of torch, attention in our way."""
        run = {_ATTENTION: self._attend, _DROPOUT: _drop_out}.get(func, func)
        return run(*args, **(kwargs or {}))

    def _attend(self, query: Any, key: Any, value: Any, attn_mask: Any = None, *args, **kw) -> Any:
        sizes = [n * length for n, length in self.groups]
        for tensor in (query, key, value):
            if attn_mask is not None or tensor.dim() != 4 or tensor.shape[::2] != (1, sum(sizes)):
                raise NotPackableError
        self.n_calls += 1
        parts = []
        # Each has a shape of (1, n_heads, n_pieces, width).
        split = (tensor[0].split(sizes, dim=1) for tensor in (query, key, value))
        for (n, length), *given in zip(self.groups, *split):
            group: Any = (x.unflatten(1, (n, length)).transpose(0, 1) for x in given)
            attended = _attend_plainly(*group, *args, **kw)
            parts.append(attended.transpose(1, 2).flatten(0, 1))
        return torch.cat(parts).transpose(0, 1)[None]


def _attend_plainly(
    query: Any,
    key: Any,
    value: Any,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: Optional[float] = None,
    **kw: Any,
) -> Any:
    if not dropout_p or is_causal or kw:
        return _ATTENTION(query, key, value, None, dropout_p, is_causal, scale=scale, **kw)
    # As torch does where it cannot leave the weights out of memory.
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    weights = torch.matmul(query * scale, key.transpose(-1, -2)).softmax(-1)
    return torch.matmul(dropout(weights, dropout_p), value)


def _drop_out(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    if inplace:
        return _DROPOUT(input, p, training, inplace)
    return dropout(input, p) if training and p < 1 else _DROPOUT(input, p, training)


@dataclass(frozen=True)
class Packing:
    """How a network reads sequences that stand one after the other.

    first (int): The number that it gives the first position.
    n_calls (int): How often it attends in a pass: each time must be in our way.
    """

    first: int
    n_calls: int


_TRYING = Lock()
# None for a network that cannot.
_PACKINGS: "WeakKeyDictionary[Any, Optional[Packing]]" = WeakKeyDictionary()


def find_packing(network: Any, longest: int) -> Optional[Packing]:
    """Find out, once, whether a network can read sequences that stand one after the other.

    network (PreTrainedModel): The encoder. It is tried out, without dropout.
    longest (int): The longest sequence that it takes.
    RETURNS (Optional[Packing]): How it does. None if it cannot, or not in training, because it
        attends again on the way back.
    """
    if network.training and getattr(network, "is_gradient_checkpointing", False):
        return None
    with _TRYING:
        if network not in _PACKINGS:
            _PACKINGS[network] = _try_out(network, longest)
            if _PACKINGS[network] is None:
                _log_padded(network)
        return _PACKINGS[network]


def forget_packing(network: Any) -> None:
    """Note that a network cannot read sequences that stand one after the other, after all."""
    with _TRYING:
        _PACKINGS[network] = None
        _log_padded(network)


def run_packed(
    network: Any,
    packing: Packing,
    ids: Any,
    positions: Any,
    types: Optional[Any],
    lengths: Sequence[int],
) -> Any:
    """Run a network on sequences that stand one after the other.

    packing (Packing): How the network, or that of which it is a twin, does this.
    ids (Tensor): Wordpieces. Shape of this and of the other tensors: (1, n_pieces).
    positions (Tensor): Where each stands in its sequence, from 0.
    types (Optional[Tensor]): Segments. Zeros by default, if it takes any.
    lengths (Sequence[int]): The length of each sequence.
    RETURNS (Tensor): The last hidden states. Shape: (1, n_pieces, width).
    RAISES (NotPackableError): If it does not do so this time, or fails.
    """
    try:
        hidden, n_calls = _run(network, ids, positions + packing.first, types, lengths)
    # A limit of all pieces together, for one.
    except (RuntimeError, IndexError, ValueError) as err:
        raise NotPackableError from err
    if n_calls != packing.n_calls:
        raise NotPackableError
    return hidden


def _run(
    network: Any, ids: Any, positions: Any, types: Optional[Any], lengths: Sequence[int]
) -> Tuple[Any, int]:
    inputs = {"input_ids": ids, "position_ids": positions}
    if "token_type_ids" in inspect.signature(network.forward).parameters:
        inputs["token_type_ids"] = torch.zeros_like(ids) if types is None else types
    with AttentionWithin(lengths) as attention:
        return network(**inputs).last_hidden_state, attention.n_calls


def _try_out(network: Any, longest: int) -> Optional[Packing]:
    if "position_ids" not in inspect.signature(network.forward).parameters:
        return None
    padding = network.config.pad_token_id
    # RoBERTa and its kin count positions from the number of the padding token on.
    for first in [0] if padding is None else [0, padding + 1]:
        try:
            n_calls = _try_first_position(network, longest, first)
        # Whatever it says: it cannot.
        except Exception as err:
            _logger.debug("The encoder does not read packed texts: %s", err)
            continue
        if n_calls:
            return Packing(first, n_calls)
    return None


def _try_first_position(network: Any, longest: int, first: int) -> int:
    """RETURNS (int): How often it attended, if all came out as without packing; else 0."""
    # More pieces than any window, since some limits are of the whole.
    lengths = [5, 5, 3] * (longest // 13 + 1)
    padding = network.config.pad_token_id
    known = [i for i in range(min(10, network.config.vocab_size)) if i != padding]
    device = next(network.parameters()).device
    ids = torch.tensor(known, device=device).repeat(sum(lengths))[None, : sum(lengths)]
    positions = torch.cat([torch.arange(n, device=device) for n in lengths])[None]
    few = lengths[:3]
    with _evaluating(network, device):
        alone = [network(own).last_hidden_state for own in ids[:, : sum(few)].split(few, 1)]
        expected = torch.cat(alone, dim=1)
        found, n_calls = _run(network, ids, positions + first, None, lengths)
        error = (found[:, : sum(few)] - expected).abs().max()
        tolerance = 1e-4 if expected.dtype == torch.float32 else 2e-2
        return n_calls if error <= tolerance * expected.abs().max() else 0


def _log_padded(network: Any) -> None:
    _logger.info(
        "The encoder (%s) does not read texts one after the other: they are padded to one another.",
        type(network).__name__,
    )


@contextmanager
def _evaluating(network: Any, device: Any) -> Iterator[None]:
    was_training = network.training
    evaluate(network)
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            yield
    finally:
        # Within a step only.
        if was_training:
            network.train()
