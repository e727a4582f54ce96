"""Encoders that read sequences one after the other, without padding, on a CPU.

Works with any network that attends by `scaled_dot_product_attention` and takes `position_ids`:
whether one does is tried out.
"""

import inspect
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Iterator, Optional, Sequence, Tuple
from weakref import WeakKeyDictionary

import torch

from .attention import AttentionWithin, NotPackableError
from .mode import evaluate

_logger = logging.getLogger("spacy")


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
