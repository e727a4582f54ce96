"""The CRF against every possible sequence."""

import itertools
from typing import Callable, Sequence

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_mtl.heads.biluo import class_names
from spacy_mtl.heads.crf import crf_loss, decode_crf, legal_transitions
from spacy_mtl.heads.viterbi import decode_biluo
from spacy_mtl.losses import MISSING

N_TYPES = 2
N_CLASSES = len(class_names(["A", "B"]))
LENGTHS = st.lists(st.integers(0, 4), min_size=1, max_size=4)
SEEDS = st.integers(0, 2**32 - 1)


def make_transitions(rng: numpy.random.Generator, n_types: int = N_TYPES) -> numpy.ndarray:
    legal = legal_transitions(n_types)
    return numpy.where(legal, rng.normal(size=legal.shape), -numpy.inf)


def score_of(path: Sequence[int], scores: numpy.ndarray, transitions: numpy.ndarray) -> float:
    steps = zip([N_CLASSES, *path], [*path, N_CLASSES])
    return sum(scores[t, c] for t, c in enumerate(path)) + sum(transitions[a, b] for a, b in steps)


def loss_by_search(
    scores: numpy.ndarray, labels: numpy.ndarray, lengths: Sequence[int], t: numpy.ndarray
) -> float:
    """Compute the mean over annotated tokens by summing over all sequences."""
    total, start = 0.0, 0
    for length in lengths:
        part = slice(start, start + length)
        paths = list(itertools.product(range(N_CLASSES), repeat=length))
        weights = numpy.exp([score_of(path, scores[part], t) for path in paths])
        fits = [all(g in (MISSING, c) for g, c in zip(labels[part], path)) for path in paths]
        total += numpy.log(weights.sum()) - numpy.log(weights[fits].sum())
        start += length
    return total / (labels != MISSING).sum()


@settings(max_examples=25, deadline=None)
@given(LENGTHS, SEEDS)
def test_loss_and_best_sequence(lengths: Sequence[int], seed: int) -> None:
    rng = numpy.random.default_rng(seed)
    transitions = make_transitions(rng)
    scores = rng.normal(size=(sum(lengths), N_CLASSES))
    best = decode_crf(scores, lengths, transitions)
    start = 0
    for length in lengths:
        part = slice(start, start + length)
        paths = itertools.product(range(N_CLASSES), repeat=length)
        highest = max(score_of(path, scores[part], transitions) for path in paths)
        assert score_of(best[part], scores[part], transitions) == pytest.approx(highest)
        start += length
    labels = numpy.where(rng.random(len(best)) < 0.3, MISSING, best)
    loss = crf_loss(scores, labels, lengths, transitions)
    assert loss.n_units == (labels != MISSING).sum()
    if loss.n_units:
        assert loss.value == pytest.approx(loss_by_search(scores, labels, lengths, transitions))


def slope(function: Callable[[], float], array: numpy.ndarray, index: tuple) -> float:
    """Compute a derivative by finite differences."""
    step, value = 1e-5, array[index]
    array[index] = value + step
    above = function()
    array[index] = value - step
    below = function()
    array[index] = value
    return (above - below) / (2 * step)


def test_gradients() -> None:
    rng = numpy.random.default_rng(0)
    transitions, lengths = make_transitions(rng), [4, 0, 1, 3]
    scores = rng.normal(size=(8, N_CLASSES))
    # B-A, missing, missing, U-B; missing; O, missing, L-A.
    labels = numpy.asarray([1, MISSING, MISSING, 8, MISSING, 0, MISSING, 3])
    loss = crf_loss(scores, labels, lengths, transitions)

    def value() -> float:
        return crf_loss(scores, labels, lengths, transitions).value

    for index in numpy.ndindex(scores.shape):
        assert slope(value, scores, index) == pytest.approx(loss.gradient[index], abs=1e-8)
    for index in zip(*numpy.nonzero(numpy.isfinite(transitions))):
        assert slope(value, transitions, index) == pytest.approx(
            loss.d_transitions[index], abs=1e-8
        )
    assert not loss.d_transitions[~numpy.isfinite(transitions)].any()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.integers(1, 12), SEEDS)
def test_without_transitions_it_decodes_as_before(
    lengths: Sequence[int], n_types: int, seed: int
) -> None:
    scores = numpy.random.default_rng(seed).normal(size=(sum(lengths), 1 + 4 * n_types))
    transitions = numpy.where(legal_transitions(n_types), 0.0, -numpy.inf)
    expected = decode_biluo(scores, lengths)
    assert numpy.array_equal(decode_crf(scores, lengths, transitions), expected)


def test_large_scores_do_not_overflow() -> None:
    scores = numpy.zeros((300, N_CLASSES))
    scores[:, 0] = 1e4
    transitions = numpy.where(legal_transitions(N_TYPES), 0.0, -numpy.inf)
    loss = crf_loss(scores, numpy.zeros(300, dtype="int64"), [300], transitions)
    assert loss.value == pytest.approx(0.0)
    assert numpy.isfinite(loss.gradient).all()


def test_scores_far_apart() -> None:
    """The scores favor an illegal sequence (I-A after O) by more than a float can express."""
    transitions = numpy.where(legal_transitions(N_TYPES), 0.0, -numpy.inf)
    scores = numpy.zeros((3, N_CLASSES))
    scores[0, 0] = scores[1, 2] = scores[2, 0] = 1e4
    loss = crf_loss(scores, numpy.asarray([0, 1, 3]), [3], transitions)
    assert 0 < loss.value < 1e5
    assert numpy.isfinite(loss.gradient).all()
    assert numpy.isfinite(loss.d_transitions[numpy.isfinite(transitions)]).all()


def test_no_annotation() -> None:
    transitions = numpy.where(legal_transitions(N_TYPES), 0.0, -numpy.inf)
    loss = crf_loss(numpy.ones((2, N_CLASSES)), numpy.full(2, MISSING), [2], transitions)
    assert loss.value == 0.0
    assert not loss.gradient.any()
    assert not loss.d_transitions.any()


def test_illegal_gold() -> None:
    transitions = numpy.where(legal_transitions(N_TYPES), 0.0, -numpy.inf)
    with pytest.raises(ValueError, match="aren't a legal BILUO sequence"):
        crf_loss(numpy.ones((2, N_CLASSES)), numpy.asarray([1, 0]), [2], transitions)
