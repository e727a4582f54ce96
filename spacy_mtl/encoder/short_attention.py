"""Attention as two matrix products, for prediction on a CPU.

torch's attention doesn't use a processor's bfloat16 products, so there it is slower than in
float32. And it is made for long sequences: for those of a few wordpieces, its overhead dominates.
"""

from functools import lru_cache
from typing import Any

import torch

from ..compat.torch import bfloat16_of_cpu

#: The longest sequences, in float32, for which this is faster than torch's attention: measured on
#: processors with AVX-512, and with AVX2 only.
_LONGEST, _LONGEST_ELSEWHERE = 64, 16
#: For shorter rows, torch's softmax doesn't use vector instructions.
_SHORT_ROW = 16
#: The number of attention weights at once: they stay in the cache.
_N_WEIGHTS = 1 << 18


def is_faster_for(query: Any) -> bool:
    """Decide whether to use this instead of torch's attention.

    query (Tensor): The queries. Shape: (n_sequences, n_heads, length, width).
    RETURNS (bool): Whether to use it. Never for training, where all weights would be kept.
    """
    if torch.is_grad_enabled() or query.device.type != "cpu":
        return False
    if query.dtype == torch.bfloat16:
        return _has_bfloat16()
    return query.dtype == torch.float32 and query.shape[-2] <= _longest()


@lru_cache
def _has_bfloat16() -> bool:
    return bfloat16_of_cpu() is not None


@lru_cache
def _longest() -> int:
    has_avx512 = torch.backends.cpu.get_cpu_capability() == "AVX512"
    return _LONGEST if has_avx512 else _LONGEST_ELSEWHERE


def attend(query: Any, key: Any, value: Any, scale: float) -> Any:
    """Compute attention between all pairs of each sequence.

    query (Tensor): The queries. Shape of each tensor: (n_sequences, n_heads, length, width).
    key (Tensor): The keys.
    value (Tensor): The values.
    scale (float): A factor for the products of queries and keys.
    RETURNS (Tensor): The weighted means of the values. Shape: that of the values.
    """
    length = query.shape[-2]
    n_at_once = max(1, _N_WEIGHTS // length**2)
    parts = ((query * scale).flatten(0, 1), key.flatten(0, 1).mT, value.flatten(0, 1))
    split = zip(*(part.split(n_at_once) for part in parts))
    found = [torch.bmm(_softmax(torch.bmm(q, k)).to(v.dtype), v) for q, k, v in split]
    return torch.cat(found).view(value.shape)


def _softmax(scores: Any) -> Any:
    if scores.shape[-1] >= _SHORT_ROW:
        return torch.softmax(scores, -1, dtype=torch.float32)
    weights = (scores - scores.amax(-1, keepdim=True)).float().exp_()
    return weights.div_(weights.sum(-1, keepdim=True))
