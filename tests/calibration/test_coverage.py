"""Precision at coverage."""

import numpy
import pytest

from spacy_mtl.calibration.coverage import precision_at_coverage

CONFIDENCES = numpy.asarray([0.2, 0.9, 0.8, 0.8, 0.4])
CORRECT = numpy.asarray([False, True, True, False, False])


def test_rows() -> None:
    rows = precision_at_coverage(CONFIDENCES, CORRECT, (1.0, 0.2, 0.5))
    assert [(row.coverage, row.n, row.threshold) for row in rows] == [
        (1.0, 5, 0.2),
        (0.2, 1, 0.9),
        # Those of equal confidence are in or out together.
        (0.5, 3, 0.8),
    ]
    assert [row.precision for row in rows] == pytest.approx([0.4, 1.0, 2 / 3])


def test_no_predictions() -> None:
    assert precision_at_coverage(numpy.zeros(0), numpy.zeros(0)) == []


@pytest.mark.parametrize("coverage", [0.0, -0.5, 1.01, float("nan")])
def test_bad_coverage(coverage: float) -> None:
    with pytest.raises(ValueError, match=r"A coverage is .*, but it must be in \(0, 1\]"):
        precision_at_coverage(CONFIDENCES, CORRECT, [coverage])
