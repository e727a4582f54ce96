"""Attention within concatenated sequences, without padding, on a CPU.

Everything else in an encoder works piece by piece, so it can process the sequences as one
long sequence. Only `scaled_dot_product_attention` must know where each one starts.
"""

from itertools import groupby
from typing import Any, Dict, Optional, Sequence, Tuple

import torch
from torch.overrides import TorchFunctionMode

from .dropout import dropout
from .short_attention import attend, is_faster_for

_ATTENTION: Any = torch.nn.functional.scaled_dot_product_attention
_DROPOUT: Any = torch.nn.functional.dropout


class NotPackableError(Exception):
    """The network's attention can't be restricted to single sequences."""


class AttentionWithin(TorchFunctionMode):
    """Restrict attention to each sequence, and use faster dropout.

    Adjacent sequences of the same length are processed at once.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        """Create the mode.

        lengths (Sequence[int]): The length of each sequence.
        """
        super().__init__()
        self.groups = [(len(list(same)), length) for length, same in groupby(lengths)]
        self.n_calls = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Tuple = (), kwargs: Optional[Dict] = None
    ) -> Any:
        """Run a torch function, replacing attention and dropout."""
        run = {_ATTENTION: self._attend, _DROPOUT: _drop_out}.get(func, func)
        return run(*args, **(kwargs or {}))

    def _attend(self, query: Any, key: Any, value: Any, attn_mask: Any = None, *args, **kw) -> Any:
        sizes = [n * length for n, length in self.groups]
        for tensor in (query, key, value):
            if attn_mask is not None or tensor.dim() != 4 or tensor.shape[::2] != (1, sum(sizes)):
                raise NotPackableError
        self.n_calls += 1
        parts = []
        # The shape of each is (1, n_heads, n_pieces, width).
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
    is_ours = not (is_causal or kw) and (dropout_p or is_faster_for(query))
    if not is_ours:
        return _ATTENTION(query, key, value, None, dropout_p, is_causal, scale=scale, **kw)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    if not dropout_p:
        return attend(query, key, value, scale)
    # Like torch's fallback that keeps the weights in memory.
    weights = torch.matmul(query * scale, key.transpose(-1, -2)).softmax(-1)
    return torch.matmul(dropout(weights, dropout_p), value)


def _drop_out(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    if inplace:
        return _DROPOUT(input, p, training, inplace)
    return dropout(input, p) if training and p < 1 else _DROPOUT(input, p, training)
