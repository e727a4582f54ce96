"""A weight for each task, fixed or from a schedule."""

import math
from numbers import Real
from typing import Any, Collection, Dict, Iterable, List, Sequence, Union

Weight = Union[float, "ScheduledWeight"]


class Preferences(Dict[str, Weight]):
    """How much each task is to count, step by step.

    weights (Dict[str, Any]): By the name of its head in the pipeline, a number >= 0 or a
        thinc schedule of such numbers. A task that is not named has 1.0.
    RAISES (ValueError): If a weight is neither.
    """

    def __init__(self, weights: Dict[str, Any] = {}) -> None:
        super().__init__({task: _read(task, weight) for task, weight in weights.items()})

    def at(self, step: int, tasks: Iterable[str]) -> Dict[str, float]:
        """Look up the weights of some tasks.

        step (int): Which step, from 0.
        tasks (Iterable[str]): The tasks.
        RETURNS (Dict[str, float]): Their weights.
        RAISES (ValueError): If a schedule gives something else than a number >= 0.
        """
        return {task: self._weight(task, step) for task in tasks}

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Refuse a weight for a task that the pipeline does not have: see `Weighting`."""
        unknown = [task for task in self if task not in tasks]
        if unknown:
            raise ValueError(
                f"'weights' names {_quoted(unknown)}, but the tasks of this pipeline are "
                f"{_quoted(tasks) or 'none'}. A task is called by the name of its head in "
                "[nlp.pipeline]; mend 'weights' in the block [weighting] of the 'mtl' component "
                "(usually [components.mtl.weighting])."
            )

    def _weight(self, task: str, step: int) -> float:
        weight = self.get(task, 1.0)
        if not isinstance(weight, ScheduledWeight):
            return weight
        value = weight.at(step)
        _check(task, value, f" at step {step}, by its schedule")
        return float(value)


class ScheduledWeight:
    """The values of a thinc schedule by step. Those of one that ends keep the last.

    values (Iterable[float]): The schedule: what `@schedules` in a config makes.
    """

    def __init__(self, values: Iterable[float]) -> None:
        self._values = iter(values)
        self._seen: List[float] = []
        self._is_cut = False

    def at(self, step: int) -> float:
        """RETURNS (float): The value at a step, from 0."""
        while len(self._seen) <= step:
            if self._is_cut:
                raise ValueError(
                    "A schedule in 'weights' of the 'mtl' component does not go on in a copy that "
                    "was pickled or deep-copied: generators can't be. Train the original, or save "
                    "the pipeline (nlp.to_disk) and load it."
                )
            try:
                self._seen.append(next(self._values))
            except StopIteration:
                break
        if not self._seen:
            raise ValueError(
                "A schedule in 'weights' of the block [weighting] of the 'mtl' component gives no "
                "value. Mend it (usually in [components.mtl.weighting.weights])."
            )
        return self._seen[min(step, len(self._seen) - 1)]

    def __getstate__(self) -> Dict[str, Any]:
        # Generators cannot be pickled. What is pickled to predict elsewhere needs none.
        return {"_values": iter(()), "_seen": self._seen, "_is_cut": True}


def check_step(step: Any) -> int:
    """Refuse a number of steps, read from a file, that is none.

    step (int): The number.
    RETURNS (int): The same.
    RAISES (ValueError): If it is no whole number >= 0.
    """
    if not isinstance(step, int) or step < 0:
        raise ValueError(f"the number of steps is {step!r}")
    return step


def _read(task: str, weight: Any) -> Weight:
    if isinstance(weight, Iterable) and not isinstance(weight, Collection):
        return ScheduledWeight(weight)
    _check(task, weight)
    return float(weight)


def _check(task: str, weight: Any, when: str = "") -> None:
    is_number = isinstance(weight, Real) and not isinstance(weight, bool)
    if not is_number or not 0 <= weight < math.inf:
        raise ValueError(
            f"The weight of task '{task}' is {weight!r}{when}. A weight is a finite number >= 0, "
            f"or a schedule of such numbers. Mend the entry '{task}' of 'weights' in the block "
            "[weighting] of the 'mtl' component (usually [components.mtl.weighting])."
        )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
