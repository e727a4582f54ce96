"""Splitting documents doesn't change the best sequence."""

from typing import List

import numpy
import pytest

from spacy_mtl.heads import viterbi
from spacy_mtl.heads.biluo import PREFIXES
from spacy_mtl.heads.segments import split_between_entities
from spacy_mtl.heads.viterbi import decode_biluo

LENGTHS = [3, 0, 70, 1, 130, 0]


def draw(scale: float, outside: float, seed: int, n_types: int = 3) -> numpy.ndarray:
    rng = numpy.random.default_rng(seed)
    scores = rng.normal(scale=scale, size=(sum(LENGTHS), 1 + len(PREFIXES) * n_types))
    scores[:, 0] += outside
    # As at whitespace.
    scores[::7, 1::4] = scores[::7, 3::4] = scores[::7, 4::4] = -numpy.inf
    return scores.astype("float32")


@pytest.mark.parametrize("scale", [1e-3, 1.0, 5.0, 1e4, 1e30])
@pytest.mark.parametrize("outside", [-3.0, 0.0, 3.0, 10.0])
def test_same_sequences(scale: float, outside: float, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(20):
        scores = draw(scale, outside, seed)
        found = decode_biluo(scores, LENGTHS)
        with monkeypatch.context() as patch:
            patch.setattr(viterbi, "_LONG", 1000)
            expected = decode_biluo(scores, LENGTHS)
        assert numpy.array_equal(found, expected)


def test_splits_between_confident_classes() -> None:
    scores = numpy.full((8, 9), -20.0, dtype="float32")
    scores[:, 0] = 0.0
    # O B-1 L-1 B-1 I-1 L-1 U-2 O
    scores[range(8), [0, 1, 3, 1, 2, 3, 8, 0]] = 5.0
    assert split_between_entities(scores, [8]).tolist() == [1, 2, 3, 1, 1]
    assert split_between_entities(scores, [0, 5, 3]).tolist() == [1, 2, 2, 1, 1, 1]


def test_does_not_split_where_an_entity_is_possible() -> None:
    scores = numpy.zeros((6, 5), dtype="float32")
    assert split_between_entities(scores, [4, 2]).tolist() == [4, 2]


def test_parts_cover_all_documents() -> None:
    parts: List[int] = split_between_entities(draw(5.0, 5.0, 0), LENGTHS).tolist()
    assert len(parts) > len(LENGTHS)
    assert set(numpy.cumsum(LENGTHS)) - {0} <= set(numpy.cumsum(parts))
    assert min(parts) > 0
