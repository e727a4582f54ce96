"""Helpers for flat arrays: splitting and joining them, and building index ranges."""

from typing import Any, Iterator, List, Optional, Sequence

import numpy

from .types import TokenVectors

#: The number of bytes that are copied in the time that it takes to look up where they are.
_SMALL = 8192


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


def cut(flat: Any, lengths: Any) -> List[Any]:
    """Split an array into views of the given lengths.

    flat (ArrayXd): The array. Shape: (sum(lengths), ...).
    lengths (Ints1d): The length of each view, on a CPU.
    RETURNS (List[ArrayXd]): The views. Shape of each: (length, ...).
    """
    ends = numpy.cumsum(lengths).tolist()
    return [flat[start:end] for start, end in zip([0, *ends], ends)]


def adjoining(arrays: Sequence[Any]) -> Optional[Any]:
    """Find the part of an array that consists of these arrays, as after `cut`.

    arrays (Sequence[ArrayXd]): Arrays that aren't empty.
    RETURNS (Optional[ArrayXd]): A view of the part. None if they aren't adjoining numpy arrays, or
        so small that copying them is faster than finding out.
    """
    whole = arrays[0].base if arrays and isinstance(arrays[0], numpy.ndarray) else None
    if not isinstance(whole, numpy.ndarray) or not whole.flags.c_contiguous or not whole.ndim:
        return None
    form = whole.dtype, whole.strides, whole.shape[1:]
    if any(x.base is not whole or (x.dtype, x.strides, x.shape[1:]) != form for x in arrays):
        return None
    if sum(x.nbytes for x in arrays) < _SMALL * len(arrays):
        return None
    addresses = numpy.asarray([x.__array_interface__["data"][0] for x in (whole, *arrays)])
    starts = (addresses[1:] - addresses[0]) // whole.strides[0]
    ends = starts + [len(x) for x in arrays]
    return whole[starts[0] : ends[-1]] if (starts[1:] == ends[:-1]).all() else None


def ranges(starts: numpy.ndarray, lengths: numpy.ndarray) -> numpy.ndarray:
    """Concatenate ranges of integers.

    starts (Ints1d): The first number of each range. Shape: (n_ranges,).
    lengths (Ints1d): The length of each range. Shape: (n_ranges,).
    RETURNS (Ints1d): The ranges, one after the other. Shape: (sum(lengths),).
    """
    ends = numpy.cumsum(lengths)
    firsts = numpy.repeat(starts - (ends - lengths), lengths)
    return firsts + numpy.arange(len(firsts))


def groups(lengths: Sequence[int], most: int) -> Iterator[List[int]]:
    """Group arrays that are worked on together, so that no group is too long.

    lengths (Sequence[int]): The length of each array.
    most (int): The most that the lengths of a group may sum to, unless it has only one.
    YIELDS (List[int]): The indices of a group's arrays, in order. Empty arrays are in none.
    """
    group: List[int] = []
    total = 0
    for i, length in enumerate(lengths):
        if group and total + length > most:
            yield group
            group, total = [], 0
        if length:
            group.append(i)
            total += length
    if group:
        yield group
