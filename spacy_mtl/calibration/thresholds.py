"""Choosing the thresholds of a head, by label where there are enough predictions."""

from dataclasses import dataclass
from typing import Dict, List

from .events import Events
from .goals import Goal
from .points import Point, points_of

#: The least number of predictions for a threshold of a label's own.
MIN_EVENTS = 100


class UnreachableError(ValueError):
    """Raised if no threshold reaches the goal."""


@dataclass(frozen=True)
class Thresholds:
    """The thresholds of a head.

    common (Point): The one for all labels without their own, and what it does to all predictions.
    by_label (Dict[str, Point]): The others.
    too_few (List[str]): The labels with too few predictions for their own.
    short (List[str]): The labels of `by_label` that no threshold brings to the goal: theirs comes
        closest.
    """

    common: Point
    by_label: Dict[str, Point]
    too_few: List[str]
    short: List[str]


def choose_thresholds(events: Events, goal: Goal, *, by_label: bool) -> Thresholds:
    """Choose thresholds for a head.

    A label with 100 predictions or more gets one by which its own predictions reach the goal. The
    others have a common one, by which all predictions together reach it.

    events (Events): The predictions.
    goal (Goal): What the thresholds are for.
    by_label (bool): Whether labels may have their own.
    RETURNS (Thresholds): The thresholds.
    RAISES (UnreachableError): If all predictions together can't reach the goal.
    """
    points = points_of(events)
    common = goal.choose(points)
    if common is None:
        best = goal.best(points)
        raise UnreachableError(
            f"no threshold gives it a {goal.score} of {goal.wanted:g}. The best is "
            f"{goal.value(best):.3f}, with a threshold of {best.threshold:.3f}"
        )
    found = Thresholds(common, {}, [], [])
    for label in sorted(set(events.labels)) if by_label else ():
        own = events.of(label)
        if len(own) < MIN_EVENTS:
            found.too_few.append(label)
            continue
        points = points_of(own)
        chosen = goal.choose(points)
        if chosen is None:
            found.short.append(label)
        found.by_label[label] = chosen or goal.best(points)
    return found
