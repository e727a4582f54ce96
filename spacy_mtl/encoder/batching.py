"""Micro-batches: the windows that go through the encoder at once."""

from dataclasses import dataclass
from typing import Any, Iterator, List, Union

import numpy

from ..arrays import ranges
from .layout import PackedWindows, PaddedWindows, pack_windows, pad_windows, row_starts
from .reading import Reading

# Fits into a CPU's caches, or keeps a GPU busy.
_PIECES_A_BATCH = {"cpu": 1024, "cuda": 16384}
# Without padding, more texts of the same length come together, and their attention at once.
_PIECES_A_PACKED_BATCH = 1536


@dataclass(frozen=True)
class MicroBatch:
    """Windows of similar length and the tokens that they encode.

    windows (Union[PaddedWindows, PackedWindows]): The encoder's input.
    tokens (Ints1d): The indices of the tokens. Shape: (n_tokens,).
    places (Ints1d): The positions of the first token's wordpieces in the flattened windows, then
        those of the second token's, and so on. Shape: (n_places,).
    offsets (Ints1d): Where each token's places start. Shape: (n_tokens,).
    """

    windows: Union[PaddedWindows, PackedWindows]
    tokens: numpy.ndarray
    places: numpy.ndarray
    offsets: numpy.ndarray


def pieces_a_batch(device: Any, *, packed: bool = False) -> int:
    """Choose the size of micro-batches.

    device (torch.device): The encoder's device.
    packed (bool): Whether windows are concatenated, for prediction on a CPU.
    RETURNS (int): How many wordpieces suit it, including padding.
    """
    if packed:
        return _PIECES_A_PACKED_BATCH
    return _PIECES_A_BATCH.get(device.type, _PIECES_A_BATCH["cuda"])


def batch_by_padded_size(lengths: numpy.ndarray, budget: int) -> List[numpy.ndarray]:
    """Group sequences of similar length, so that batches have little padding.

    lengths (Ints1d): The length of each sequence. Shape: (n_sequences,).
    budget (int): The maximum size of a batch, including padding. A longer sequence gets
        a batch of its own.
    RETURNS (List[Ints1d]): The indices of the sequences in each batch, longest first.
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
    """Group sequences of similar length into batches of about the same size.

    lengths (Ints1d): The length of each sequence. Shape: (n_sequences,).
    budget (int): The approximate size of a batch: less than 1.5 times this, plus a sequence.
    RETURNS (List[Ints1d]): The indices of the sequences in each batch, longest first.
    """
    order = numpy.argsort(-lengths, kind="stable")
    ends = numpy.cumsum(lengths[order])
    total = int(ends[-1]) if len(ends) else 0
    n_batches = max(1, round(total / budget))
    # Assign each sequence by its middle.
    batch = ((ends - lengths[order] / 2) * n_batches / max(1, total)).astype("int64")
    parts = numpy.split(order, numpy.searchsorted(batch, numpy.arange(1, n_batches)))
    return [part for part in parts if len(part)]


def make_batches(reading: Reading, budget: int, *, packed: bool = False) -> Iterator[MicroBatch]:
    """Split the encoder's input into micro-batches.

    reading (Reading): The documents.
    budget (int): The number of wordpieces in a batch: the maximum, including padding, or an
        approximate number if packed.
    packed (bool): Whether to concatenate windows instead of padding them.
    YIELDS (MicroBatch): The batches. Every token with wordpieces is in exactly one.
    """
    pieces, windows, special = reading.pieces, reading.windows, reading.special
    numbers = numpy.arange(len(windows.starts))
    starts = numpy.searchsorted(windows.of_token, numbers, side="left")
    ends = numpy.searchsorted(windows.of_token, numbers, side="right")
    sizes = windows.lengths + len(special)
    for chosen in (batch_evenly if packed else batch_by_padded_size)(sizes, budget):
        n_tokens = (ends - starts)[chosen]
        tokens = ranges(starts[chosen], n_tokens)
        # From a piece's index to its position in this batch.
        rows = row_starts(sizes[chosen], packed) + len(special.before)
        shifts = numpy.repeat(rows - windows.starts[chosen], n_tokens)
        n_pieces = pieces.n_pieces[tokens]
        yield MicroBatch(
            windows=(pack_windows if packed else pad_windows)(reading, chosen),
            tokens=tokens,
            places=ranges(pieces.first[tokens] + shifts, n_pieces),
            offsets=numpy.cumsum(n_pieces) - n_pieces,
        )
