"""Splitting documents where no entity of the best sequence can be, so that decoding is shorter."""

from typing import Sequence

import numpy
import torch

from .biluo import OUTSIDE, PREFIXES

#: Lower gains count as this, so that sums keep their precision.
LOWEST = -100.0


def split_between_entities(scores: numpy.ndarray, lengths: Sequence[int]) -> numpy.ndarray:
    """Split documents into parts that can be decoded independently.

    Two tokens are split if every entity that contains both has a lower score than the same tokens
    outside of it, each as O or U. The bound on an entity's score ignores that all of its tokens
    have the same type.

    scores (Floats2d): See `decode_biluo`. At least one type. Shape: (n_tokens, 1 + 4 * n_types).
    lengths (Sequence[int]): Number of tokens of each document.
    RETURNS (Ints1d): Number of tokens of each part. None is empty, or in two documents.
    """
    n_tokens = len(scores)
    by_type = torch.from_numpy(scores[:, 1:].reshape((n_tokens, -1, len(PREFIXES))))
    # numpy takes ten times as long.
    begin, inside, last, unit = by_type.amax(dim=1).double().numpy().T
    apart = numpy.maximum(scores[:, OUTSIDE], unit)
    begin, inside, last = (numpy.maximum(x - apart, LOWEST) for x in (begin, inside, last))
    until = numpy.concatenate([[0.0], numpy.cumsum(inside)])
    # The best entity from any token before to any token after.
    before = numpy.maximum.accumulate(begin - until[1:])
    after = numpy.maximum.accumulate((last + until[:-1])[::-1])[::-1]
    rounding = 1e-9 * (1.0 + numpy.abs(until).max())
    is_end = numpy.ones(n_tokens, dtype=bool)
    is_end[:-1] = before[:-1] + after[1:] < -rounding
    is_end[numpy.cumsum([n for n in lengths if n]) - 1] = True
    return numpy.diff(numpy.flatnonzero(is_end) + 1, prepend=0)
