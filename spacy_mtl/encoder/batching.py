"""Micro-batches: what goes through the encoder at once."""

from dataclasses import dataclass
from typing import Any, Iterator, List, Optional

import numpy

from .reading import Reading

# What a CPU's caches hold, and what keeps a GPU busy.
_PIECES_A_BATCH = {"cpu": 1024, "cuda": 16384}


@dataclass(frozen=True)
class PaddedWindows:
    """What the encoder reads at once. Shape of each: (n_windows, length).

    ids (Ints2d): Wordpieces with special ones.
    mask (Floats2d): 1.0, and 0.0 for padding.
    types (Optional[Ints2d]): Segments, if the encoder asks for them.
    """

    ids: numpy.ndarray
    mask: numpy.ndarray
    types: Optional[numpy.ndarray]


@dataclass(frozen=True)
class MicroBatch:
    """Windows of like length, and the tokens that they encode.

    windows (PaddedWindows): What the encoder reads.
    tokens (Ints1d): The numbers of the tokens. Shape: (n_tokens,).
    places (Ints1d): The places in the windows, flattened, of the first token's wordpieces, then
        of the second one's, and so on. Shape: (n_places,).
    offsets (Ints1d): Where each token's places begin. Shape: (n_tokens,).
    """

    windows: PaddedWindows
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


def make_batches(reading: Reading, budget: int) -> Iterator[MicroBatch]:
    """Make what the encoder reads.

    reading (Reading): The documents.
    budget (int): How many wordpieces a batch may have, padding included.
    YIELDS (MicroBatch): The batches. Every token that has wordpieces is in one.
    """
    pieces, windows, special = reading.pieces, reading.windows, reading.special
    numbers = numpy.arange(len(windows.starts))
    starts = numpy.searchsorted(windows.of_token, numbers, side="left")
    ends = numpy.searchsorted(windows.of_token, numbers, side="right")
    for chosen in batch_by_padded_size(windows.lengths + len(special), budget):
        padded = pad_windows(reading, chosen)
        tokens = numpy.concatenate([numpy.arange(starts[i], ends[i]) for i in chosen])
        # From a piece's number to its place in this batch.
        shifts = numpy.arange(len(chosen)) * padded.ids.shape[1] + len(special.before)
        shifts = numpy.repeat(shifts - windows.starts[chosen], (ends - starts)[chosen])
        n_pieces = pieces.n_pieces[tokens]
        offsets = numpy.cumsum(n_pieces) - n_pieces
        firsts = numpy.repeat(pieces.first[tokens] + shifts - offsets, n_pieces)
        yield MicroBatch(padded, tokens, firsts + numpy.arange(len(firsts)), offsets)


def pad_windows(reading: Reading, chosen: numpy.ndarray) -> PaddedWindows:
    """Put windows below one another, with special wordpieces and padding.

    reading (Reading): The documents.
    chosen (Ints1d): The numbers of the windows to take. Shape: (n_windows,).
    RETURNS (PaddedWindows): Them.
    """
    windows, special = reading.windows, reading.special
    length = int(windows.lengths[chosen].max()) + len(special)
    ids = numpy.full((len(chosen), length), special.padding, dtype="int64")
    mask = numpy.zeros((len(chosen), length), dtype="float32")
    types = None if special.types is None else numpy.zeros_like(ids)
    for row, window in enumerate(chosen):
        text = reading.pieces.ids[windows.starts[window] : windows.ends[window]]
        sequence = [*special.before, *text, *special.after]
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1.0
        if types is not None and special.types is not None:
            before, of_text, after = special.types
            types[row, : len(sequence)] = [*before, *[of_text] * len(text), *after]
    return PaddedWindows(ids, mask, types)
