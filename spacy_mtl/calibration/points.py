"""The thresholds that a head could have, and what each of them keeps."""

import math
from dataclasses import dataclass
from typing import List

import numpy

from .events import Events

#: Thresholds that keep fewer predictions aren't tried: what those few are like is chance.
MIN_KEPT = 20


@dataclass(frozen=True)
class Point:
    """A threshold, and what is left with it.

    threshold (float): Predictions with this confidence or more are kept.
    n_kept (int): Their number.
    precision (float): The share of them that is right; 1.0 if there are none.
    recall (float): The share of the annotation that is found; 1.0 if there is none.
    expected_precision (float): The precision to expect in other texts: the mean of the confidences
        that are kept.
    expected_recall (float): The recall to expect, as the sum of these confidences.
    """

    threshold: float
    n_kept: int
    precision: float
    recall: float
    expected_precision: float
    expected_recall: float

    @property
    def f1(self) -> float:
        """RETURNS (float): The harmonic mean of precision and recall."""
        return _harmonic_mean(self.precision, self.recall)

    @property
    def expected_f1(self) -> float:
        """RETURNS (float): That of the precision and recall to expect."""
        return _harmonic_mean(self.expected_precision, self.expected_recall)

    @property
    def likely_precision(self) -> float:
        """RETURNS (float): The precision to expect, unless the counted one is lower by more than
        two standard errors: then, two standard errors above what was counted.
        """
        p = self.precision
        return min(self.expected_precision, p + 2 * math.sqrt(p * (1 - p) / max(self.n_kept, 1)))


def _harmonic_mean(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0


def _point(threshold: float, n: int, n_right: int, expected: float, n_gold: int) -> Point:
    """RETURNS (Point): A point from numbers: how many are kept, are right, are expected to be."""
    shares = [
        (each / n if n else 1.0, each / n_gold if n_gold else 1.0) for each in (n_right, expected)
    ]
    return Point(threshold, n, *shares[0], *shares[1])


def point_at(events: Events, threshold: float) -> Point:
    """RETURNS (Point): What is left of some predictions with a threshold."""
    kept = events.confidences >= threshold
    n_right, expected = int(events.correct[kept].sum()), float(events.confidences[kept].sum())
    return _point(threshold, int(kept.sum()), n_right, expected, sum(events.n_gold.values()))


def points_of(events: Events) -> List[Point]:
    """List the thresholds that keep different predictions, and 20 or more.

    events (Events): The predictions.
    RETURNS (List[Point]): The points, the first with a threshold of 0. The others lie halfway
        between two confidences, so that rounding doesn't matter.
    """
    order = numpy.argsort(events.confidences, kind="stable")
    confidences = events.confidences[order]
    n, n_gold = len(order), sum(events.n_gold.values())
    # Of the predictions from each on, in this order.
    n_right = numpy.cumsum(events.correct[order][::-1])[::-1]
    expected = numpy.cumsum(confidences[::-1])[::-1]
    found = [point_at(events, 0.0)]
    for i in range(1, n - MIN_KEPT + 1):
        low, high = float(confidences[i - 1]), float(confidences[i])
        if low < high:
            middle = (low + high) / 2
            found.append(_point(middle, n - i, int(n_right[i]), float(expected[i]), n_gold))
    return found
