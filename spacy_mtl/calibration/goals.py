"""What a threshold is chosen for: a precision, a recall, or the best F1.

Precision and F1 are those to expect by the confidences. The counted ones go up and down with the
threshold by chance, and the best of many is too good to be true for other texts. Recall only falls
as the threshold rises, so it is counted.
"""

from dataclasses import dataclass
from operator import attrgetter
from typing import Callable, List, Optional

from .points import Point


@dataclass(frozen=True)
class Goal:
    """What a threshold is chosen for.

    score (str): The name of the score, in words.
    value (Callable[[Point], float]): The score of a point.
    wanted (Optional[float]): The score to reach; None: as high as possible.
    keeps_most (bool): Whether to keep as many predictions as possible, or as few.
    """

    score: str
    value: Callable[[Point], float]
    wanted: Optional[float]
    keeps_most: bool

    def choose(self, points: List[Point]) -> Optional[Point]:
        """Choose a threshold.

        points (List[Point]): What there is to choose from, at least one.
        RETURNS (Optional[Point]): The best point that reaches the goal, if any does.
        """
        if self.wanted is None:
            return self.best(points)
        reached = [point for point in points if self.value(point) >= self.wanted]
        return max(reached, key=self._preference, default=None)

    def best(self, points: List[Point]) -> Point:
        """RETURNS (Point): The point with the highest score."""
        return max(points, key=lambda point: (self.value(point), self._preference(point)))

    def _preference(self, point: Point) -> int:
        return point.n_kept if self.keeps_most else -point.n_kept


def for_precision(wanted: float) -> Goal:
    """RETURNS (Goal): As many predictions as possible with this precision or more."""
    return Goal("precision", attrgetter("likely_precision"), wanted, keeps_most=True)


def for_recall(wanted: float) -> Goal:
    """RETURNS (Goal): As few predictions, the surest, as possible with this recall or more."""
    return Goal("recall", attrgetter("recall"), wanted, keeps_most=False)


def for_f1() -> Goal:
    """RETURNS (Goal): The highest F1. Of equal ones, that with most predictions."""
    return Goal("F1", attrgetter("expected_f1"), None, keeps_most=True)
