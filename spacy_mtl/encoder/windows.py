"""Windows: the wordpieces that the encoder reads together."""

from dataclasses import dataclass
from typing import Iterator, List, Tuple

import numpy

from .wordpieces import Wordpieces


@dataclass(frozen=True)
class Windows:
    """Ranges of wordpieces, in order. Adjacent windows of a document may overlap.

    starts (Ints1d): The first piece of each window. Shape: (n_windows,).
    ends (Ints1d): The end (exclusive) of each window. Shape: (n_windows,).
    of_token (Ints1d): The window that encodes each token; any value for tokens without
        pieces. It contains the token's first piece, and the others unless the token is
        nearly as long as a window. Never decreases. Shape: (n_tokens,).
    """

    starts: numpy.ndarray
    ends: numpy.ndarray
    of_token: numpy.ndarray

    @property
    def lengths(self) -> numpy.ndarray:
        """RETURNS (Ints1d): How many pieces each window has. Shape: (n_windows,)."""
        return self.ends - self.starts


def make_windows(pieces: Wordpieces, size: int, context: int) -> Windows:
    """Split documents into windows that the encoder accepts.

    A document that fits is one window. Longer ones are split between tokens into as few
    windows as possible, of about the same length, so that tokens have `context` pieces on
    either side, if available. A token is encoded in the window where it has the most.

    pieces (Wordpieces): The documents. No token may have more than `size` pieces.
    size (int): The maximum number of pieces in a window.
    context (int): How many pieces of context a token should have on either side. It may be
        less by a token's length, as windows end between tokens. 2 * context < size.
    RETURNS (Windows): The windows. Documents without pieces have none.
    """
    starts: List[int] = []
    ends: List[int] = []
    owned_from: List[int] = []
    is_inside = _inside_of_token(pieces)
    doc_start = 0
    for doc_end in pieces.doc_ends.tolist():
        if doc_end - doc_start <= size:
            spans = [(doc_start, doc_end)] if doc_end > doc_start else []
        else:
            # Where a window may start or end.
            cuts = doc_start + numpy.flatnonzero(~is_inside[doc_start : doc_end + 1])
            spans = list(_cut(cuts, size, context))
        for start, end in spans:
            # Halfway into the overlap with the previous window.
            is_first = start == doc_start
            owned_from.append(start if is_first else (start + ends[-1] + 1) // 2)
            starts.append(start)
            ends.append(end)
        doc_start = doc_end
    of_token = numpy.searchsorted(owned_from, pieces.first, side="right") - 1
    return Windows(numpy.asarray(starts, "int64"), numpy.asarray(ends, "int64"), of_token)


def _inside_of_token(pieces: Wordpieces) -> numpy.ndarray:
    """RETURNS (ndarray): Whether a cut before a piece would split a token. (n_pieces + 1,)."""
    change = numpy.zeros(len(pieces.ids) + 2, dtype="int64")
    has_pieces = pieces.n_pieces > 0
    numpy.add.at(change, pieces.first[has_pieces] + 1, 1)
    numpy.add.at(change, pieces.last[has_pieces], -1)
    return numpy.cumsum(change[:-1]) > 0


def _cut(cuts: numpy.ndarray, size: int, context: int) -> Iterator[Tuple[int, int]]:
    overlap = 2 * context
    n_tokens = len(cuts) - 1
    cuts = _cut_long_tokens(cuts, size - overlap)
    start, doc_end = int(cuts[0]), int(cuts[-1])
    n_pieces = doc_end - start
    n_windows = -(-(n_pieces - overlap) // (size - overlap))
    # Windows end between tokens, so they lose some length.
    loss = -(-n_pieces // n_tokens) - 1
    even = min(size, -(-(n_pieces + (n_windows - 1) * overlap) // n_windows) + loss)
    end = start
    while end < doc_end:
        before, end = end, _last_until(cuts, start + even)
        if end <= before:
            end = _last_until(cuts, start + size)
        yield start, end
        # Overlap with this window as much as intended, but the next token must fit.
        later = int(numpy.searchsorted(cuts, end, side="right"))
        following = int(cuts[min(later, len(cuts) - 1)])
        fits = int(cuts[numpy.searchsorted(cuts, following - size)])
        start = max(_last_until(cuts, end - overlap), fits)


def _cut_long_tokens(cuts: numpy.ndarray, size: int) -> numpy.ndarray:
    """Add cuts where more than `size` pieces have none."""
    more = [
        numpy.arange(cuts[i], cuts[i + 1], size) for i in numpy.flatnonzero(numpy.diff(cuts) > size)
    ]
    return numpy.unique(numpy.concatenate([cuts, *more]))


def _last_until(cuts: numpy.ndarray, place: int) -> int:
    return int(cuts[numpy.searchsorted(cuts, place, side="right") - 1])
