"""Windows of wordpieces as the arrays that an encoder reads."""

from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy

from ..arrays import ranges
from .reading import Reading


@dataclass(frozen=True)
class PaddedWindows:
    """Windows as padded rows. Shape of each array: (n_windows, length).

    ids (Ints2d): Wordpieces, including special ones.
    mask (Floats2d): 1.0 for wordpieces, 0.0 for padding.
    types (Optional[Ints2d]): Segments, if the encoder uses them.
    """

    ids: numpy.ndarray
    mask: numpy.ndarray
    types: Optional[numpy.ndarray]


@dataclass(frozen=True)
class PackedWindows:
    """Concatenated windows without padding. Shape of the arrays: (1, n_pieces).

    ids (Ints2d): Wordpieces, including special ones.
    positions (Ints2d): The position of each in its window.
    types (Optional[Ints2d]): Segments, if the encoder uses them.
    lengths (List[int]): The length of each window.
    """

    ids: numpy.ndarray
    positions: numpy.ndarray
    types: Optional[numpy.ndarray]
    lengths: List[int]


def pad_windows(reading: Reading, chosen: numpy.ndarray) -> PaddedWindows:
    """Arrange windows as rows, with special wordpieces and padding.

    reading (Reading): The documents.
    chosen (Ints1d): The indices of the windows to use. Shape: (n_windows,).
    RETURNS (PaddedWindows): The padded windows.
    """
    sizes = reading.windows.lengths[chosen] + len(reading.special)
    length = int(sizes.max())
    rows = row_starts(sizes, packed=False)
    ids, types = _lay_out(reading, chosen, rows, len(chosen) * length)
    mask = (numpy.arange(length) < sizes[:, None]).astype("float32")
    shape = mask.shape
    return PaddedWindows(ids.reshape(shape), mask, None if types is None else types.reshape(shape))


def pack_windows(reading: Reading, chosen: numpy.ndarray) -> PackedWindows:
    """Concatenate windows, with special wordpieces.

    reading (Reading): The documents.
    chosen (Ints1d): The indices of the windows to use. Shape: (n_windows,).
    RETURNS (PackedWindows): The packed windows.
    """
    sizes = reading.windows.lengths[chosen] + len(reading.special)
    rows = row_starts(sizes, packed=True)
    ids, types = _lay_out(reading, chosen, rows, int(sizes.sum()))
    positions = ranges(numpy.zeros_like(sizes), sizes)
    of_types = None if types is None else types[None]
    return PackedWindows(ids[None], positions[None], of_types, sizes.tolist())


def row_starts(sizes: numpy.ndarray, packed: bool) -> numpy.ndarray:
    """Find where each sequence starts in the array that holds them.

    sizes (Ints1d): The length of each sequence; at least one. Shape: (n_sequences,).
    packed (bool): Whether they are concatenated instead of padded.
    RETURNS (Ints1d): Their first positions in the flattened array. Shape: (n_sequences,).
    """
    if packed:
        return numpy.cumsum(sizes) - sizes
    return numpy.arange(len(sizes)) * int(sizes.max())


def _lay_out(
    reading: Reading, chosen: numpy.ndarray, rows: numpy.ndarray, n_places: int
) -> Tuple[numpy.ndarray, Optional[numpy.ndarray]]:
    """Write windows and their segments into flat arrays, each at its start position."""
    windows, special = reading.windows, reading.special
    lengths = windows.lengths[chosen]
    texts = rows + len(special.before)
    ids = numpy.full(n_places, special.padding, dtype="int64")
    places = ranges(texts, lengths)
    ids[places] = reading.pieces.ids[ranges(windows.starts[chosen], lengths)]
    befores = rows[:, None] + numpy.arange(len(special.before))
    afters = (texts + lengths)[:, None] + numpy.arange(len(special.after))
    ids[befores], ids[afters] = special.before, special.after
    if special.types is None:
        return ids, None
    types = numpy.zeros_like(ids)
    types[befores], types[places], types[afters] = special.types
    return ids, types
