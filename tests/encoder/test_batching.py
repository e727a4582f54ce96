"""Micro-batches of similar length."""

from typing import List

import numpy
from hypothesis import given
from hypothesis import strategies as st

from spacy_mtl.encoder.batching import batch_by_padded_size, batch_evenly, make_batches
from spacy_mtl.encoder.reading import Reading
from spacy_mtl.encoder.special import SpecialPieces
from spacy_mtl.encoder.windows import make_windows
from spacy_mtl.encoder.wordpieces import Wordpieces


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 100))
def test_batch_by_padded_size(lengths: List[int], budget: int) -> None:
    batches = batch_by_padded_size(numpy.asarray(lengths, dtype="int64"), budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        sizes = [lengths[i] for i in batch]
        assert len(sizes) == 1 or max(sizes) * len(sizes) <= budget
    longest = [max(lengths[i] for i in batch) for batch in batches]
    assert longest == sorted(longest, reverse=True)


def test_make_batches() -> None:
    # Documents whose tokens have 2 and 1 pieces, no tokens, and 1, 0 and 3 pieces.
    pieces = Wordpieces(
        ids=numpy.arange(10, 17),
        doc_ends=numpy.array([3, 3, 7]),
        first=numpy.array([0, 2, 3, 4, 4]),
        last=numpy.array([2, 3, 4, 4, 7]),
    )
    reading = Reading(pieces, make_windows(pieces, 10, 1), SpecialPieces([1], [2], 0), 12)
    (batch,) = make_batches(reading, 100)
    assert batch.windows.ids.tolist() == [[1, 13, 14, 15, 16, 2], [1, 10, 11, 12, 2, 0]]
    assert batch.windows.mask.tolist() == [[1.0] * 6, [1.0] * 5 + [0.0]]
    assert batch.tokens.tolist() == [2, 3, 4, 0, 1]
    assert batch.places.tolist() == [1, 2, 3, 4, 7, 8, 9]
    assert batch.offsets.tolist() == [0, 1, 1, 4, 6]
    # One window per batch.
    first, second = make_batches(reading, 6)
    assert first.windows.ids.tolist() == [[1, 13, 14, 15, 16, 2]]
    assert second.windows.ids.tolist() == [[1, 10, 11, 12, 2]]
    assert second.tokens.tolist() == [0, 1]
    assert second.places.tolist() == [1, 2, 3]


def test_segments() -> None:
    pieces = Wordpieces(
        numpy.arange(10, 13), numpy.array([2, 3]), numpy.arange(3), numpy.arange(1, 4)
    )
    special = SpecialPieces([], [3, 4], 9, ([], 1, [1, 2]))
    (batch,) = make_batches(Reading(pieces, make_windows(pieces, 10, 1), special, 12), 100)
    assert batch.windows.ids.tolist() == [[10, 11, 3, 4], [12, 3, 4, 9]]
    assert batch.windows.types is not None
    assert batch.windows.types.tolist() == [[1, 1, 1, 2], [1, 1, 2, 0]]


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 100))
def test_batch_evenly(lengths: List[int], budget: int) -> None:
    batches = batch_evenly(numpy.asarray(lengths, dtype="int64"), budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    sizes = [sum(lengths[i] for i in batch) for batch in batches]
    assert max(sizes, default=0) <= 1.5 * budget + max(lengths, default=0)
    shortest = [min(lengths[i] for i in batch) for batch in batches]
    assert shortest == sorted(shortest, reverse=True)
