"""Schedules that are no more than something that can be called."""

from typing import Any, Dict, Optional, Sequence

from ..types import Progress, Schedule


def as_schedule(found: Any) -> Schedule:
    """Make a schedule of whatever serves as one.

    found (Any): A schedule, a function, or an object that has some of its methods.
    RETURNS (Schedule): The schedule as it is, or what wraps it.
    """
    return found if isinstance(found, Schedule) else PlainSchedule(found)


class PlainSchedule(Schedule):
    """Wraps a function, or an object that has some of the methods of a schedule."""

    def __init__(self, wrapped: Any) -> None:
        self.wrapped = wrapped
        self.needs_losses = hasattr(wrapped, "observe_losses")
        self.needs_scores = hasattr(wrapped, "observe_scores")

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Say how the next batch is to be drawn: see `Schedule`."""
        return self.wrapped(progress)

    @property
    def title(self) -> str:
        """RETURNS (str): The name of what is wrapped, for messages."""
        return type(self.wrapped).__name__

    def check(self, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]) -> None:
        """Refuse settings that do not fit the corpora: see `Schedule`."""
        if hasattr(self.wrapped, "check"):
            self.wrapped.check(sizes, tasks)

    def observe_losses(self, losses: Dict[str, float]) -> None:
        """Be told the losses of a step: see `Schedule`."""
        self.wrapped.observe_losses(losses)

    def observe_scores(self, scores: Dict[str, float]) -> None:
        """Be told the scores of an evaluation: see `Schedule`."""
        self.wrapped.observe_scores(scores)

    def get_state(self) -> Optional[Dict[str, Any]]:
        """RETURNS (Optional[Dict[str, Any]]): What was learned."""
        return self.wrapped.get_state() if hasattr(self.wrapped, "get_state") else None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave."""
        self.wrapped.set_state(state)
