"""Helpers for flat arrays: splitting them and building index ranges."""

from typing import Any, List

import numpy

from .types import TokenVectors


def cut_like(flat: Any, arrays: TokenVectors) -> TokenVectors:
    """Split one array into views shaped like the given arrays.

    flat (FloatsXd): The values of all arrays, one after the other. Any shape with the
        right number of values.
    arrays (List[Floats2d]): Arrays that give the shapes.
    RETURNS (List[Floats2d]): Views into `flat`.
    """
    values = flat.ravel()
    parts: List[Any] = []
    start = 0
    for array in arrays:
        parts.append(values[start : start + array.size].reshape(array.shape))
        start += array.size
    return parts


def ranges(starts: numpy.ndarray, lengths: numpy.ndarray) -> numpy.ndarray:
    """Concatenate ranges of integers.

    starts (Ints1d): The first number of each range. Shape: (n_ranges,).
    lengths (Ints1d): The length of each range. Shape: (n_ranges,).
    RETURNS (Ints1d): The ranges, one after the other. Shape: (sum(lengths),).
    """
    ends = numpy.cumsum(lengths)
    firsts = numpy.repeat(starts - (ends - lengths), lengths)
    return firsts + numpy.arange(len(firsts))
