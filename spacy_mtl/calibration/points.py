"""The thresholds that a head could have, and what each of them keeps."""

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
    """

    threshold: float
    n_kept: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """RETURNS (float): The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def point_at(events: Events, threshold: float) -> Point:
    """RETURNS (Point): What is left of some predictions with a threshold."""
    kept = events.confidences >= threshold
    n, n_right = int(kept.sum()), int(events.correct[kept].sum())
    n_gold = sum(events.n_gold.values())
    return Point(threshold, n, n_right / n if n else 1.0, n_right / n_gold if n_gold else 1.0)


def points_of(events: Events) -> List[Point]:
    """List the thresholds that keep different predictions, and 20 or more.

    events (Events): The predictions.
    RETURNS (List[Point]): The points, the first with a threshold of 0. The others lie halfway
        between two confidences, so that rounding doesn't matter.
    """
    order = numpy.argsort(events.confidences, kind="stable")
    confidences = events.confidences[order]
    n, n_gold = len(order), sum(events.n_gold.values())
    n_right = int(events.correct.sum())
    found = [point_at(events, 0.0)]
    for i in range(1, n - MIN_KEPT + 1):
        n_right -= int(events.correct[order[i - 1]])
        low, high = float(confidences[i - 1]), float(confidences[i])
        if low < high:
            recall = n_right / n_gold if n_gold else 1.0
            found.append(Point((low + high) / 2, n - i, n_right / (n - i), recall))
    return found
