"""Windows: which wordpieces the encoder reads together."""

from dataclasses import dataclass
from typing import Iterator, List, Tuple

import numpy

from .wordpieces import Wordpieces


@dataclass(frozen=True)
class Windows:
    """Stretches of wordpieces, in order. Neighbours in a document may overlap.

    starts (Ints1d): The first piece of each window. Shape: (n_windows,).
    ends (Ints1d): What comes after its last piece. Shape: (n_windows,).
    of_token (Ints1d): The window that encodes each token; of any value for a token
        without pieces. Its first piece is in it, and so are the others, but for a token
        of nearly a window's length. Never decreases. Shape: (n_tokens,).
    """

    starts: numpy.ndarray
    ends: numpy.ndarray
    of_token: numpy.ndarray

    @property
    def lengths(self) -> numpy.ndarray:
        """RETURNS (Ints1d): How many pieces each window has. Shape: (n_windows,)."""
        return self.ends - self.starts


def make_windows(pieces: Wordpieces, size: int, context: int) -> Windows:
    """Cut documents into windows that the encoder can take.

    A document that fits is one window. Others are cut between tokens into as few windows
    as will do, of about one length, so that a token has `context` pieces on either side,
    where its document has them. A token is encoded in the window where it has most.

    pieces (Wordpieces): The documents. No token may have more than `size` pieces.
    size (int): How many pieces a window can have.
    context (int): How many pieces of context a token shall have on either side, but for
        the lengths of tokens, between which windows end. 2 * context < size.
    RETURNS (Windows): The windows. None for a document without pieces.
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
            # Where a window may begin or end.
            cuts = doc_start + numpy.flatnonzero(~is_inside[doc_start : doc_end + 1])
            spans = list(_cut(cuts, size, context))
        for start, end in spans:
            # Half way into what a window shares with the one before.
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
    # Windows end between tokens, so they lose some of it.
    loss = -(-n_pieces // n_tokens) - 1
    even = min(size, -(-(n_pieces + (n_windows - 1) * overlap) // n_windows) + loss)
    end = start
    while end < doc_end:
        before, end = end, _last_until(cuts, start + even)
        if end <= before:
            end = _last_until(cuts, start + size)
        yield start, end
        # As much of this window as shall be shared, but the next token must fit.
        later = int(numpy.searchsorted(cuts, end, side="right"))
        following = int(cuts[min(later, len(cuts) - 1)])
        fits = int(cuts[numpy.searchsorted(cuts, following - size)])
        start = max(_last_until(cuts, end - overlap), fits)


def _cut_long_tokens(cuts: numpy.ndarray, size: int) -> numpy.ndarray:
    """Add cuts where there is none for more than `size` pieces."""
    more = [
        numpy.arange(cuts[i], cuts[i + 1], size) for i in numpy.flatnonzero(numpy.diff(cuts) > size)
    ]
    return numpy.unique(numpy.concatenate([cuts, *more]))


def _last_until(cuts: numpy.ndarray, place: int) -> int:
    return int(cuts[numpy.searchsorted(cuts, place, side="right") - 1])
