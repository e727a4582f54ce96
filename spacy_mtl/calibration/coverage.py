"""Precision at coverage: how right the predictions are of which a head is most sure."""

from dataclasses import dataclass
from typing import List, Sequence

import numpy

COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5, 0.25)


@dataclass(frozen=True)
class Covered:
    """The predictions of which a head is most sure.

    coverage (float): The share that was asked for, in (0, 1].
    n (int): Their number: those of equal confidence are all counted.
    threshold (float): Their lowest confidence.
    precision (float): The share of them that is right.
    """

    coverage: float
    n: int
    threshold: float
    precision: float


def precision_at_coverage(
    confidences: numpy.ndarray, correct: numpy.ndarray, coverages: Sequence[float] = COVERAGES
) -> List[Covered]:
    """Compute the precision of the predictions with the highest confidences.

    confidences (Floats1d): In any range, as only their order counts. Shape: (n_events,).
    correct (numpy.ndarray): Whether each prediction is right. Shape: (n_events,).
    coverages (Sequence[float]): The shares of the predictions to keep, each in (0, 1].
    RETURNS (List[Covered]): A row for each share; none without predictions.
    RAISES (ValueError): If a share isn't in (0, 1].
    SOURCE: Geifman and El-Yaniv 2017, section 2 (there: risk and coverage), arXiv:1705.08500.
    """
    for coverage in coverages:
        if not 0 < coverage <= 1:
            raise ValueError(f"A coverage is {coverage!r}, but it must be in (0, 1].")
    if not len(confidences):
        return []
    ordered = numpy.sort(confidences)[::-1]
    rows = []
    for coverage in coverages:
        lowest = ordered[int(numpy.ceil(coverage * len(ordered))) - 1]
        kept = confidences >= lowest
        rows.append(Covered(coverage, int(kept.sum()), float(lowest), float(correct[kept].mean())))
    return rows
