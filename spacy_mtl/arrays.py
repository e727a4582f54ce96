"""Cutting and numbering flat arrays."""

from typing import Any, List

import numpy

from .types import TokenVectors


def cut_like(flat: Any, arrays: TokenVectors) -> TokenVectors:
    """Cut one array into arrays of the shapes of others.

    flat (FloatsXd): The values of all arrays, one after the other. Any shape of as
        many values.
    arrays (List[Floats2d]): Arrays of the shapes to cut.
    RETURNS (List[Floats2d]): Views of the parts.
    """
    values = flat.ravel()
    parts: List[Any] = []
    start = 0
    for array in arrays:
        parts.append(values[start : start + array.size].reshape(array.shape))
        start += array.size
    return parts


def ranges(starts: numpy.ndarray, lengths: numpy.ndarray) -> numpy.ndarray:
    """Count upwards from each start, so far as each length.

    starts (Ints1d): The first number of each range. Shape: (n_ranges,).
    lengths (Ints1d): How many numbers each has. Shape: (n_ranges,).
    RETURNS (Ints1d): The ranges, one after the other. Shape: (sum(lengths),).
    """
    ends = numpy.cumsum(lengths)
    firsts = numpy.repeat(starts - (ends - lengths), lengths)
    return firsts + numpy.arange(len(firsts))
