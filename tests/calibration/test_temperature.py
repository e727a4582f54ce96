"""Temperature scaling."""

import numpy
import pytest

from spacy_mtl.calibration.temperature import LARGEST, fit_temperature


def softmax_at(logits: numpy.ndarray, temperature: float) -> numpy.ndarray:
    scaled = logits / temperature
    exp = numpy.exp(scaled - scaled.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def drawn_classes(logits: numpy.ndarray) -> numpy.ndarray:
    below = softmax_at(logits, 1.0).cumsum(axis=1)
    return (below < numpy.random.default_rng(1).random((len(logits), 1))).sum(axis=1)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 1.7, 5.0])
def test_recovers_the_temperature(temperature: float) -> None:
    """Of a head whose scores are too large or too small by a factor."""
    logits = numpy.random.default_rng(0).normal(0, 1.5, (20_000, 4))
    correct = drawn_classes(logits) == logits.argmax(axis=1)
    found = fit_temperature(lambda t: softmax_at(logits * temperature, t).max(axis=1), correct)
    assert found == pytest.approx(temperature, rel=0.05)


def test_all_right() -> None:
    """They become no more certain than their number allows."""
    logits = numpy.eye(4)[numpy.arange(200) % 4] * 4
    found = fit_temperature(lambda t: softmax_at(logits, t).max(axis=1), numpy.full(200, True))
    assert softmax_at(logits, found).max() == pytest.approx(201 / 202, abs=1e-4)


def test_all_wrong() -> None:
    """The search has an end."""
    logits = numpy.random.default_rng(0).normal(0, 5, (200, 4))
    found = fit_temperature(lambda t: softmax_at(logits, t).max(axis=1), numpy.full(200, False))
    assert found == pytest.approx(LARGEST, rel=0.01)
