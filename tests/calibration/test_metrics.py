"""Metrics of confidences, against values by hand."""

import math

import numpy
import pytest

from spacy_mtl.calibration.metrics import (
    bins_of,
    brier_score,
    error_by_chance,
    expected_calibration_error,
    negative_log_likelihood,
)

CONFIDENCES = numpy.asarray([0.1, 0.25, 0.3, 0.9, 1.0])
CORRECT = numpy.asarray([False, True, False, True, True])


def test_bins() -> None:
    """A border belongs to the bin below it; 0 to the first bin."""
    found = bins_of(numpy.asarray([0.0, 0.5, 0.50001, 1.0]), numpy.asarray([0, 1, 1, 1]), 2)
    assert [(each.low, each.high, each.n) for each in found] == [(0.0, 0.5, 2), (0.5, 1.0, 2)]
    assert [each.accuracy for each in found] == [0.5, 1.0]
    assert found[1].confidence == pytest.approx(0.750005)


def test_expected_calibration_error() -> None:
    # Two bins: (0.65 - 1) / 3 apart with 3 predictions, and 0.05 with 2.
    found = expected_calibration_error(CONFIDENCES, CORRECT, n_bins=2)
    assert found == pytest.approx((abs(0.65 - 1) + (2 - 1.9)) / 5)
    # By default fifteen: 0.25 and 0.3 share the fourth, (0.2, 0.267], and fifth.
    assert expected_calibration_error(CONFIDENCES, CORRECT) == pytest.approx(
        (0.1 + 0.75 + 0.3 + 0.1 + 0) / 5
    )


def test_likelihood_and_brier_score() -> None:
    expected = -(math.log(0.9) + math.log(0.25) + math.log(0.7) + math.log(0.9) + 0) / 5
    assert negative_log_likelihood(CONFIDENCES, CORRECT) == pytest.approx(expected, abs=1e-6)
    expected = (0.01 + 0.75**2 + 0.09 + 0.01 + 0) / 5
    assert brier_score(CONFIDENCES, CORRECT) == pytest.approx(expected)


def test_certain_and_wrong() -> None:
    """A confidence of 1 in float32 doesn't make the likelihood infinite."""
    certain = numpy.asarray([1.0], dtype="float32")
    assert 16 < negative_log_likelihood(certain, numpy.asarray([False])) < 17


def test_nothing() -> None:
    nothing = numpy.zeros(0)
    for metric in (expected_calibration_error, negative_log_likelihood, brier_score):
        assert math.isnan(metric(nothing, nothing))


def test_error_by_chance() -> None:
    """Few predictions have an error even if their confidences are perfect."""
    few = error_by_chance(numpy.full(100, 0.5))
    # The mean distance of a binomial share from its mean.
    assert few == pytest.approx(math.sqrt(2 / math.pi) * 0.05, rel=0.1)
    assert error_by_chance(numpy.full(10_000, 0.5)) == pytest.approx(few / 10, rel=0.15)
    assert error_by_chance(numpy.full(100, 0.5)) == few
