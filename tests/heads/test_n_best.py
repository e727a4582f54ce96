"""The n best sequences against every possible one."""

import numpy
import pytest
from legal_sequences import KINDS, N_CLASSES, draw_transitions, legal_sequences, score_sequences

from spacy_mtl.heads import n_best
from spacy_mtl.heads.crf import decode_crf
from spacy_mtl.heads.n_best import best_sequences
from spacy_mtl.heads.viterbi import decode_biluo

both_kinds = pytest.mark.parametrize("kind", KINDS)


@both_kinds
@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("most", [1 << 24, 100])
def test_they_are_the_best(kind: str, n: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if few documents are decoded together."""
    monkeypatch.setattr(n_best, "_MOST", most)
    rng = numpy.random.default_rng(n)
    transitions = draw_transitions(rng, kind)
    lengths = [4, 0, 1, 5, 3, 0, 2]
    scores = rng.normal(size=(sum(lengths), N_CLASSES)).astype("float32")
    start = 0
    for length, found in zip(lengths, best_sequences(scores, lengths, n, transitions)):
        if not length:
            assert found == []
            continue
        sequences, totals = score_sequences(scores[start : start + length], transitions)
        order = numpy.argsort(-totals)[:n]
        # A text of one token has three sequences.
        assert len(found) == len(order) == min(n, len(legal_sequences(length)))
        assert [score for score, _ in found] == pytest.approx(totals[order], abs=1e-9)
        for (_, classes), expected in zip(found, sequences[order]):
            assert numpy.array_equal(classes, expected)
        start += length


@both_kinds
def test_the_first_is_that_of_viterbi(kind: str) -> None:
    rng = numpy.random.default_rng(0)
    n_types, lengths = 7, [30, 4, 0, 17, 200]
    transitions = draw_transitions(rng, kind, n_types)
    scores = rng.normal(size=(sum(lengths), 1 + 4 * n_types))
    if transitions is None:
        expected = decode_biluo(scores, lengths)
    else:
        expected = decode_crf(scores, lengths, transitions)
    found = best_sequences(scores, lengths, 3, transitions)
    first = [classes for best in found for _, classes in best[:1]]
    assert numpy.array_equal(numpy.concatenate(first), expected)


@both_kinds
def test_forbidden_classes(kind: str) -> None:
    """If only some sequences are possible, no others are found."""
    rng = numpy.random.default_rng(1)
    transitions = draw_transitions(rng, kind)
    scores = rng.normal(size=(2, N_CLASSES))
    scores[:, 1:5] = -numpy.inf
    scores[1, 5:] = -numpy.inf
    (found,) = best_sequences(scores, [2], 10, transitions)
    assert sorted(classes.tolist() for _, classes in found) == [[0, 0], [8, 0]]


def test_nothing() -> None:
    assert best_sequences(numpy.zeros((0, N_CLASSES)), [], 2) == []
    assert best_sequences(numpy.zeros((0, N_CLASSES)), [0, 0], 2) == [[], []]
