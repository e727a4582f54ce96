"""Micro-batches: what goes through the encoder at once."""

from dataclasses import dataclass
from typing import Any, Iterator, List, Union

import numpy

from ..arrays import ranges
from .layout import PackedWindows, PaddedWindows, pack_windows, pad_windows, row_starts
from .reading import Reading

# What a CPU's caches hold, and what keeps a GPU busy.
_PIECES_A_BATCH = {"cpu": 1024, "cuda": 16384}


@dataclass(frozen=True)
class MicroBatch:
    """Windows of like length, and the tokens that they encode.

    windows (Union[PaddedWindows, PackedWindows]): What the encoder reads.
    tokens (Ints1d): The numbers of the tokens. Shape: (n_tokens,).
    places (Ints1d): The places in the windows, flattened, of the first token's wordpieces, then
        of the second one's, and so on. Shape: (n_places,).
    offsets (Ints1d): Where each token's places begin. Shape: (n_tokens,).
    """

    windows: Union[PaddedWindows, PackedWindows]
    tokens: numpy.ndarray
    places: numpy.ndarray
    offsets: numpy.ndarray


def pieces_a_batch(device: Any) -> int:
    """RETURNS (int): How many wordpieces suit a device, padding included."""
    return _PIECES_A_BATCH.get(device.type, _PIECES_A_BATCH["cuda"])


def batch_by_padded_size(lengths: numpy.ndarray, budget: int) -> List[numpy.ndarray]:
    """Group sequences of like length, so that little of a batch is padding.

    lengths (Ints1d): The length of each sequence. Shape: (n_sequences,).
    budget (int): How much a batch may have, padding included. A sequence that is longer
        is a batch of its own.
    RETURNS (List[Ints1d]): The numbers of the sequences of each batch, longest first.
    """
    order = numpy.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        n_rows = max(1, budget // max(1, int(lengths[order[start]])))
        batches.append(order[start : start + n_rows])
        start += n_rows
    return batches


def batch_evenly(lengths: numpy.ndarray, budget: int) -> List[numpy.ndarray]:
    """Group sequences of like length into batches of about one size, none of them small.

    lengths (Ints1d): The length of each sequence. Shape: (n_sequences,).
    budget (int): How much a batch has, about: less than half as much again, and a sequence.
    RETURNS (List[Ints1d]): The numbers of the sequences of each batch, longest first.
    """
    order = numpy.argsort(-lengths, kind="stable")
    ends = numpy.cumsum(lengths[order])
    total = int(ends[-1]) if len(ends) else 0
    n_batches = max(1, round(total / budget))
    # Each goes where its middle lies.
    batch = ((ends - lengths[order] / 2) * n_batches / max(1, total)).astype("int64")
    parts = numpy.split(order, numpy.searchsorted(batch, numpy.arange(1, n_batches)))
    return [part for part in parts if len(part)]


def make_batches(reading: Reading, budget: int, *, packed: bool = False) -> Iterator[MicroBatch]:
    """Make what the encoder reads.

    reading (Reading): The documents.
    budget (int): How many wordpieces a batch has: at most, padding included, or about, if
        packed.
    packed (bool): Whether windows stand one after the other, not below one another.
    YIELDS (MicroBatch): The batches. Every token that has wordpieces is in one.
    """
    pieces, windows, special = reading.pieces, reading.windows, reading.special
    numbers = numpy.arange(len(windows.starts))
    starts = numpy.searchsorted(windows.of_token, numbers, side="left")
    ends = numpy.searchsorted(windows.of_token, numbers, side="right")
    sizes = windows.lengths + len(special)
    for chosen in (batch_evenly if packed else batch_by_padded_size)(sizes, budget):
        n_tokens = (ends - starts)[chosen]
        tokens = ranges(starts[chosen], n_tokens)
        # From a piece's number to its place in this batch.
        rows = row_starts(sizes[chosen], packed) + len(special.before)
        shifts = numpy.repeat(rows - windows.starts[chosen], n_tokens)
        n_pieces = pieces.n_pieces[tokens]
        yield MicroBatch(
            windows=(pack_windows if packed else pad_windows)(reading, chosen),
            tokens=tokens,
            places=ranges(pieces.first[tokens] + shifts, n_pieces),
            offsets=numpy.cumsum(n_pieces) - n_pieces,
        )
