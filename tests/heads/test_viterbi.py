"""The decoder against every possible sequence."""

import itertools
from typing import List, Sequence

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_mtl.heads.biluo import class_names
from spacy_mtl.heads.viterbi import decode_biluo

LABELS = ["A", "B"]
CLASSES = class_names(LABELS)


def is_legal(tags: Sequence[str]) -> bool:
    inside = None
    for tag in tags:
        prefix, _, label = tag.partition("-")
        if inside is not None and (prefix not in "IL" or label != inside):
            return False
        if inside is None and prefix in ("I", "L"):
            return False
        inside = label if prefix in ("B", "I") else None
    return inside is None


def best_by_search(scores: numpy.ndarray) -> float:
    sequences = itertools.product(range(len(CLASSES)), repeat=len(scores))
    legal = (s for s in sequences if is_legal([CLASSES[i] for i in s]))
    return max(sum(scores[t, c] for t, c in enumerate(s)) for s in legal)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_finds_the_best_legal_sequence(lengths: List[int], seed: int) -> None:
    scores = numpy.random.default_rng(seed).normal(size=(sum(lengths), len(CLASSES)))
    found = decode_biluo(scores, lengths)
    start = 0
    for length in lengths:
        part, classes = scores[start : start + length], found[start : start + length]
        assert is_legal([CLASSES[i] for i in classes])
        if length:
            total = sum(part[t, c] for t, c in enumerate(classes))
            assert total == pytest.approx(best_by_search(part))
        start += length


@pytest.mark.parametrize("lengths", [[1], [7, 0, 3, 7, 1], [2] * 50, [300]])
def test_always_legal(lengths: List[int]) -> None:
    rng = numpy.random.default_rng(0)
    for _ in range(20):
        found = decode_biluo(rng.normal(size=(sum(lengths), len(CLASSES))), lengths)
        for part in numpy.split(found, numpy.cumsum(lengths)[:-1]):
            assert is_legal([CLASSES[i] for i in part])


def test_a_document_does_not_depend_on_others() -> None:
    scores = numpy.random.default_rng(0).normal(size=(12, len(CLASSES)))
    together = decode_biluo(scores, [3, 5, 4])
    apart = [decode_biluo(part, [len(part)]) for part in numpy.split(scores, [3, 8])]
    assert numpy.array_equal(together, numpy.concatenate(apart))


def test_nothing_to_decode() -> None:
    assert decode_biluo(numpy.zeros((0, len(CLASSES))), []).shape == (0,)
    assert decode_biluo(numpy.zeros((0, len(CLASSES))), [0, 0]).shape == (0,)
    assert not decode_biluo(numpy.zeros((3, 1)), [3]).any()
