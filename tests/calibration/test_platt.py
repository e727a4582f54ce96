"""Platt scaling."""

import numpy
import pytest
from drawn_confidences import draw

from spacy_mtl.calibration.metrics import negative_log_likelihood
from spacy_mtl.calibration.platt import fit_platt, scaled, smoothed_targets


def test_smoothed_targets() -> None:
    found = smoothed_targets(numpy.asarray([True, False, True, True]))
    assert found.tolist() == [0.8, 1 / 3, 0.8, 0.8]


def test_recovers_slope_and_offset() -> None:
    """Confidences that were distorted by the inverse."""
    events = draw(20_000, lambda p: scaled(scaled(p, 1.0, 0.7), 2.0, 0.0))
    slope, offset = fit_platt(events.confidences, events.correct)
    assert slope == pytest.approx(0.5, abs=0.03)
    assert offset == pytest.approx(-0.7, abs=0.06)


def test_optimum() -> None:
    """No other slope or offset is more likely."""
    events = draw(300)
    targets = smoothed_targets(events.correct)
    slope, offset = fit_platt(events.confidences, events.correct)

    def loss(slope: float, offset: float) -> float:
        return negative_log_likelihood(scaled(events.confidences, slope, offset), targets)

    lowest = loss(slope, offset)
    for step in (0.01, -0.01):
        assert lowest < min(loss(slope + step, offset), loss(slope, offset + step))


@pytest.mark.parametrize("value", [0.5, 0.9, 1.0])
def test_equal_confidences(value: float) -> None:
    """They become the share that is right, whatever they were."""
    correct = numpy.asarray([True] * 60 + [False] * 40)
    slope, offset = fit_platt(numpy.full(100, value), correct)
    assert scaled(numpy.full(1, value), slope, offset) == pytest.approx(0.6, abs=0.01)


def test_nearly_certain() -> None:
    """Logits may be as large as float64 has them."""
    confidences = 1 - numpy.logspace(-15, -1, 1000)
    correct = numpy.arange(1000) % 50 > numpy.linspace(0, 25, 1000)
    slope, offset = fit_platt(confidences, correct)
    found = scaled(confidences, slope, offset)
    assert found.mean() == pytest.approx(correct.mean(), abs=0.01)
    assert found[:100].mean() > found[-100:].mean() + 0.2


def test_all_right() -> None:
    """They become no more certain than a hundred predictions allow."""
    confidences = numpy.linspace(0.5, 0.99, 100)
    slope, offset = fit_platt(confidences, numpy.ones(100, dtype=bool))
    assert scaled(confidences, slope, offset).max() < 0.999


def test_reversed_confidences() -> None:
    """They keep their order, and become nearly equal."""
    events = draw(1000)
    slope, offset = fit_platt(events.confidences, ~events.correct)
    assert slope == 0.05
    found = scaled(events.confidences, slope, offset)
    assert found.mean() == pytest.approx(1 - events.correct.mean(), abs=0.01)
