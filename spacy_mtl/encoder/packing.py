"""Running encoders on concatenated sequences, without padding, on a CPU.

Works with any network that uses `scaled_dot_product_attention` and accepts `position_ids`. A
trial run finds out.
"""

import inspect
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator, Optional, Sequence, Tuple
from weakref import WeakKeyDictionary

import torch

from ..locks import ForkSafeLock
from .attention import AttentionWithin, NotPackableError
from .mode import evaluate

_logger = logging.getLogger("spacy")


@dataclass(frozen=True)
class Packing:
    """How a network reads concatenated sequences.

    first (int): The index of its first position.
    n_calls (int): The number of attention calls in a pass; each must go through our function.
    """

    first: int
    n_calls: int


_TRYING = ForkSafeLock()
# None for a network that can't.
_PACKINGS: "WeakKeyDictionary[Any, Optional[Packing]]" = WeakKeyDictionary()


def find_packing(network: Any, longest: int) -> Optional[Packing]:
    """Find out, once per network, whether it can read concatenated sequences.

    network (PreTrainedModel): The encoder. The trial runs without dropout.
    longest (int): The longest sequence that it accepts.
    RETURNS (Optional[Packing]): How it reads them. None if it can't, or can't in training because
        gradient checkpointing repeats attention in the backward pass.
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
    """Record that a network can't read concatenated sequences after all."""
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
    **options: Any,
) -> Any:
    """Run a network on concatenated sequences.

    packing (Packing): How the network, or the network that it is a copy of, reads them.
    ids (Tensor): Wordpieces. Shape of all tensors: (1, n_pieces).
    positions (Tensor): Position of each in its sequence, from 0.
    types (Optional[Tensor]): Segments. Zeros by default, if the network takes them.
    lengths (Sequence[int]): The length of each sequence.
    **options (Any): Further arguments of the network.
    RETURNS (ModelOutput): Its output. Shape of the hidden states: (1, n_pieces, width).
    RAISES (NotPackableError): If the network behaves differently this time, or fails.
    """
    try:
        output, n_calls = _run(network, ids, positions + packing.first, types, lengths, **options)
    # For example, a limit on the total number of pieces.
    except (RuntimeError, IndexError, ValueError) as err:
        raise NotPackableError from err
    if n_calls != packing.n_calls:
        raise NotPackableError
    return output


def _run(
    network: Any,
    ids: Any,
    positions: Any,
    types: Optional[Any],
    lengths: Sequence[int],
    **options: Any,
) -> Tuple[Any, int]:
    inputs = {"input_ids": ids, "position_ids": positions, **options}
    if "token_type_ids" in inspect.signature(network.forward).parameters:
        inputs["token_type_ids"] = torch.zeros_like(ids) if types is None else types
    with AttentionWithin(lengths) as attention:
        return network(**inputs), attention.n_calls


def _try_out(network: Any, longest: int) -> Optional[Packing]:
    if "position_ids" not in inspect.signature(network.forward).parameters:
        return None
    padding = network.config.pad_token_id
    # RoBERTa and its relatives start positions after the index of the padding token.
    for first in [0] if padding is None else [0, padding + 1]:
        try:
            n_calls = _try_first_position(network, longest, first)
        # Any error means that it can't.
        except Exception as err:
            _logger.debug("The encoder can't read packed texts: %s", err)
            continue
        if n_calls:
            return Packing(first, n_calls)
    return None


def _try_first_position(network: Any, longest: int, first: int) -> int:
    """RETURNS (int): The number of attention calls if packing gives the same output; else 0."""
    # More pieces than any window, since some limits apply to the total.
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
        output, n_calls = _run(network, ids, positions + first, None, lengths)
        error = (output.last_hidden_state[:, : sum(few)] - expected).abs().max()
        tolerance = 1e-4 if expected.dtype == torch.float32 else 2e-2
        return n_calls if error <= tolerance * expected.abs().max() else 0


def _log_padded(network: Any) -> None:
    _logger.info(
        "The encoder (%s) can't read concatenated texts: they are padded to the same length.",
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
        # Only within a training step.
        if was_training:
            network.train()
