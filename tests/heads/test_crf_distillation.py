"""Marginals, and learning from those of a teacher, against every possible sequence."""

import itertools
from typing import Callable, List, Sequence

import numpy
import pytest

from spacy_mtl.heads.biluo import class_names
from spacy_mtl.heads.crf import legal_transitions, token_marginals
from spacy_mtl.heads.crf_distillation import crf_distillation, crf_distillation_among
from spacy_mtl.losses import softmax

N_TYPES = 2
N_CLASSES = len(class_names(["A", "B"]))
LENGTHS = [2, 0, 4, 1, 3]


def draw(seed: int = 0) -> List[numpy.ndarray]:
    """Scores, a teacher's probabilities and transitions."""
    rng = numpy.random.default_rng(seed)
    legal = legal_transitions(N_TYPES)
    scores, targets = rng.normal(size=(2, sum(LENGTHS), N_CLASSES))
    return [scores, softmax(targets), numpy.where(legal, rng.normal(size=legal.shape), -numpy.inf)]


def marginals_by_search(scores: numpy.ndarray, transitions: numpy.ndarray) -> numpy.ndarray:
    """Marginals of one document, by summing over all sequences."""
    found = numpy.zeros_like(scores)
    for path in itertools.product(range(N_CLASSES), repeat=len(scores)):
        steps = zip([N_CLASSES, *path], [*path, N_CLASSES])
        score = sum(scores[t, c] for t, c in enumerate(path))
        found[range(len(path)), path] += numpy.exp(score + sum(transitions[s] for s in steps))
    return found / found[:1].sum()


def parts(array: numpy.ndarray) -> List[numpy.ndarray]:
    return [each for each in numpy.split(array, numpy.cumsum(LENGTHS)[:-1]) if len(each)]


def loss_by_search(
    scores: numpy.ndarray, targets: numpy.ndarray, transitions: numpy.ndarray
) -> float:
    total = 0.0
    for own, wanted in zip(parts(scores), parts(targets)):
        found = marginals_by_search(own, transitions)
        wanted = numpy.where(found > 0, wanted, 0.0)
        wanted /= wanted.sum(axis=1, keepdims=True)
        total -= (wanted[found > 0] * numpy.log(found[found > 0])).sum()
    return total / len(scores)


def test_marginals() -> None:
    scores, _, transitions = draw()
    expected = numpy.concatenate([marginals_by_search(own, transitions) for own in parts(scores)])
    found = token_marginals(scores.astype("float32"), LENGTHS, transitions)
    assert numpy.allclose(found, expected, atol=1e-6)
    assert numpy.allclose(found.sum(axis=1), 1.0)


def test_value() -> None:
    scores, targets, transitions = draw()
    found = crf_distillation(scores, targets, LENGTHS, transitions)
    assert found.value == pytest.approx(loss_by_search(scores, targets, transitions))
    assert found.n_units == len(scores)


def slopes(function: Callable[[], float], array: numpy.ndarray) -> numpy.ndarray:
    """The gradient of a function of an array, by finite differences."""
    found = numpy.zeros_like(array)
    for i in numpy.ndindex(*array.shape):
        value = array[i]
        if not numpy.isfinite(value):
            continue
        array[i] = value + 1e-5
        above = function()
        array[i] = value - 1e-5
        found[i] = (above - function()) / 2e-5
        array[i] = value
    return found


def test_gradients() -> None:
    scores, targets, transitions = draw()
    # Classes that are hardly possible.
    scores[:5] *= 100

    def value() -> float:
        return crf_distillation(scores, targets, LENGTHS, transitions).value

    found = crf_distillation(scores, targets, LENGTHS, transitions)
    assert numpy.allclose(found.gradient, slopes(value, scores), atol=1e-7)
    assert numpy.allclose(found.d_transitions, slopes(value, transitions), atol=1e-7)


def test_nothing_to_learn_from_itself() -> None:
    """The gradient is zero at the teacher's own scores."""
    scores, _, transitions = draw()
    targets = token_marginals(scores, LENGTHS, transitions)
    found = crf_distillation(scores, targets, LENGTHS, transitions)
    assert numpy.abs(found.gradient).max() < 1e-10
    assert numpy.abs(found.d_transitions).max() < 1e-10


@pytest.mark.parametrize("lengths", [[1], [1, 1], [2]])
def test_certain_of_what_is_impossible(lengths: Sequence[int]) -> None:
    """A teacher without transitions may be sure of a class that no sequence has there."""
    scores, _, transitions = draw()
    scores = scores[: sum(lengths)].astype("float32")
    targets = numpy.zeros_like(scores)
    targets[:, class_names(["A", "B"]).index("I-A")] = 1.0
    found = crf_distillation(scores, targets, lengths, transitions)
    assert found.value == 0.0
    assert not found.gradient.any()
    assert found.gradient.dtype == scores.dtype


def test_among_some_classes() -> None:
    """As if the first type had never been, whose scores have no gradient."""
    scores, targets, transitions = draw()
    classes = [0, 8, 5, 6, 7]
    own = softmax(targets[:, :5])

    def loss() -> float:
        return crf_distillation_among(scores, own, LENGTHS, transitions, classes).value

    found = crf_distillation_among(scores, own, LENGTHS, transitions, classes)
    known = numpy.ix_([*classes, 9], [*classes, 9])
    alone = crf_distillation(scores[:, classes], own, LENGTHS, transitions[known])
    assert found.value == alone.value
    assert found.gradient.shape == scores.shape
    assert not found.gradient[:, 1:5].any()
    assert numpy.allclose(found.gradient, slopes(loss, scores), atol=1e-7)
    assert numpy.allclose(found.d_transitions, slopes(loss, transitions), atol=1e-7)
    scores[:, 1:5] += 50.0
    transitions[1:5] += 50.0
    assert loss() == found.value
