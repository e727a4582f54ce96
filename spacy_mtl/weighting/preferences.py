"""A weight for each task, fixed or from a schedule."""

from typing import Any, Dict, Iterable, Sequence

from ..scheduled import Number, ScheduledNumber, number_at, read_number
from .ranges import BLOCK


class Preferences(Dict[str, Number]):
    """The weight of each task, step by step.

    weights (Dict[str, Any]): By the name of the task's head in the pipeline, a number >= 0 or
        a thinc schedule of such numbers. Other tasks have 1.0.
    RAISES (ValueError): If a weight is neither.
    """

    def __init__(self, weights: Dict[str, Any] = {}) -> None:
        super().__init__({task: _read(task, weight) for task, weight in weights.items()})

    def at(self, step: int, tasks: Iterable[str]) -> Dict[str, float]:
        """Look up the weights of some tasks.

        step (int): The step, from 0.
        tasks (Iterable[str]): The tasks.
        RETURNS (Dict[str, float]): Their weights.
        RAISES (ValueError): If a schedule gives anything but a number >= 0.
        """
        return {task: number_at(self.get(task, 1.0), step) for task in tasks}

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Reject weights that do not fit the pipeline: see `Weighting`.

        RAISES (ValueError): If a task is unknown, or a schedule has no valid first weight.
        """
        unknown = [task for task in self if task not in tasks]
        if unknown:
            raise ValueError(
                f"'weights' names {_quoted(unknown)}, but the tasks of this pipeline are "
                f"{_quoted(tasks) or 'none'}. A task has the name of its head in "
                f"[nlp.pipeline]. Fix 'weights' in {BLOCK}."
            )
        for weight in self.values():
            if isinstance(weight, ScheduledNumber):
                weight.check()


def check_step(step: Any) -> int:
    """Check a number of steps read from a file.

    step (int): The number.
    RETURNS (int): The same number.
    RAISES (ValueError): If it is not a whole number >= 0.
    """
    if not isinstance(step, int) or step < 0:
        raise ValueError(f"the number of steps is {step!r}")
    return step


def _read(task: str, weight: Any) -> Number:
    return read_number(
        weight,
        f"The weight of task '{task}'",
        f"Fix the entry '{task}' of 'weights' in {BLOCK}.",
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
