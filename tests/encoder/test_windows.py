"""Windows over long documents."""

from typing import List

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_mtl.encoder.windows import make_windows
from spacy_mtl.encoder.wordpieces import Wordpieces

SIZE, CONTEXT = 20, 4


def make_pieces(docs: List[List[int]]) -> Wordpieces:
    """Create wordpieces from the number of pieces of each document's tokens."""
    sizes = numpy.asarray([n for doc in docs for n in doc], dtype="int64")
    last = numpy.cumsum(sizes)
    ends = numpy.cumsum([sum(doc) for doc in docs])
    return Wordpieces(numpy.arange(sizes.sum()), ends, last - sizes, last)


@given(st.lists(st.lists(st.integers(0, 5), max_size=60), max_size=5))
def test_windows(docs: List[List[int]]) -> None:
    pieces = make_pieces(docs)
    windows = make_windows(pieces, SIZE, CONTEXT)
    assert (windows.lengths <= SIZE).all()
    assert (windows.lengths > 0).all()
    assert (numpy.diff(windows.of_token) >= 0).all()
    covered = {i for a, b in zip(windows.starts, windows.ends) for i in range(a, b)}
    assert covered == set(range(len(pieces.ids)))
    doc_of_token = numpy.repeat(numpy.arange(len(docs)), [len(doc) for doc in docs])
    for token in numpy.flatnonzero(pieces.n_pieces):
        window = windows.of_token[token]
        start, end = windows.starts[window], windows.ends[window]
        first, last = pieces.first[token], pieces.last[token]
        assert start <= first < last <= end
        # Tokens have at most five pieces, so an edge may be that much closer.
        doc_end = pieces.doc_ends[doc_of_token[token]]
        doc_start = doc_end - sum(docs[doc_of_token[token]])
        assert doc_start <= start
        assert end <= doc_end
        assert start == doc_start or first - start >= CONTEXT - 5
        assert end == doc_end or end - last >= CONTEXT - 5


@given(st.lists(st.integers(1, SIZE - 2 * CONTEXT), max_size=30))
def test_long_tokens(doc: List[int]) -> None:
    """Windows are few for any tokens, and no token is split unnecessarily."""
    pieces = make_pieces([doc])
    windows = make_windows(pieces, SIZE, CONTEXT)
    assert (windows.lengths <= SIZE).all()
    assert (numpy.diff(windows.ends) > 0).all()
    assert (windows.starts[windows.of_token] <= pieces.first).all()
    assert (pieces.last <= windows.ends[windows.of_token]).all()
    # Each window but the last covers more than a token and its context may leave unused.
    assert len(windows.starts) <= 1 + sum(doc) // (CONTEXT + 1)


@pytest.mark.parametrize("sizes", [[300, 446, 300], [300, 400, 300], [72, 255, 192]])
def test_one_long_token(sizes: List[int]) -> None:
    before, long, after = sizes
    windows = make_windows(make_pieces([[1] * before + [long] + [1] * after]), 510, 32)
    assert len(windows.starts) <= 4


def test_token_longer_than_a_window() -> None:
    pieces = make_pieces([[1] * 10 + [50] + [1] * 10])
    windows = make_windows(pieces, SIZE, CONTEXT)
    covered = {i for a, b in zip(windows.starts, windows.ends) for i in range(a, b)}
    assert covered == set(range(70))
    assert (windows.lengths <= SIZE).all()


def test_long_chain_of_tokens_that_share_pieces() -> None:
    first = numpy.arange(79)
    pieces = Wordpieces(numpy.arange(80), numpy.array([80]), first, first + 2)
    windows = make_windows(pieces, SIZE, CONTEXT)
    assert (windows.lengths > 0).all()
    assert windows.ends[-1] == 80
    assert (windows.starts[windows.of_token] <= first).all()
    assert (first < windows.ends[windows.of_token]).all()


@pytest.mark.parametrize("n_pieces", [1, 20, 21, 32, 33, 44, 45, 1000])
def test_as_few_as_possible(n_pieces: int) -> None:
    windows = make_windows(make_pieces([[1] * n_pieces]), SIZE, CONTEXT)
    overlap = 2 * CONTEXT
    assert len(windows.starts) == max(1, -(-(n_pieces - overlap) // (SIZE - overlap)))


def test_requested_context() -> None:
    windows = make_windows(make_pieces([[1] * 500]), SIZE, CONTEXT)
    tokens = numpy.arange(500)
    before = tokens - windows.starts[windows.of_token]
    after = windows.ends[windows.of_token] - tokens - 1
    assert before[CONTEXT:].min() >= CONTEXT
    assert after[:-CONTEXT].min() >= CONTEXT - 1


def test_documents_without_pieces_have_no_window() -> None:
    assert len(make_windows(make_pieces([[], [0, 0]]), SIZE, CONTEXT).starts) == 0
    windows = make_windows(make_pieces([[], [2, 0], [], [1]]), SIZE, CONTEXT)
    assert windows.starts.tolist() == [0, 2]
    assert windows.ends.tolist() == [2, 3]
