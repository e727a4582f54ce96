"""Cutting flat arrays."""

from typing import Any, List

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
