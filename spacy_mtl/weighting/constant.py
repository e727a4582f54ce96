"""Fixed task weights from the config."""

import math
from typing import Any, Dict, Sequence

from thinc.api import get_array_module
from thinc.types import Floats2d

from ..registry import mtl_weightings
from ..types import Combined, Weighting


@mtl_weightings("spacy_mtl.Constant.v1")
def create_constant(weights: Dict[str, Any] = {}) -> Weighting:
    """Create a weighting with fixed weights.

    weights (Dict[str, float]): The weight of each task's loss by the name of its
        head in the pipeline, finite and >= 0. A task that is not named has 1.0.
    RAISES (ValueError): If a weight is not such a number.
    """
    return Constant(weights)


class Constant:
    """A sum of the task losses with fixed weights."""

    def __init__(self, weights: Dict[str, Any]) -> None:
        for task, weight in weights.items():
            is_number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
            if not is_number or not math.isfinite(weight) or weight < 0:
                raise ValueError(
                    f"The weight of task '{task}' is {weight!r}. A weight is a finite number "
                    f">= 0. Mend the entry '{task}' of 'weights' in the block [weighting] of "
                    "the 'mtl' component (usually [components.mtl.weighting])."
                )
        self.weights = {task: float(weight) for task, weight in weights.items()}

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Add up the weighted gradients: see `Weighting`."""
        xp = get_array_module(gradients)
        weights = {task: self.weights.get(task, 1.0) for task in losses}
        row = xp.asarray(list(weights.values()), dtype=gradients.dtype)
        return Combined(gradient=row @ gradients, weights=weights)

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Refuse a weight for a task that the pipeline does not have: see `Weighting`."""
        unknown = [task for task in self.weights if task not in tasks]
        if unknown:
            raise ValueError(
                f"'weights' names {_quoted(unknown)}, but the tasks of this pipeline are "
                f"{_quoted(tasks) or 'none'}. A task is called by the name of its head in "
                "[nlp.pipeline]; mend 'weights' in the block [weighting] of the 'mtl' component "
                "(usually [components.mtl.weighting])."
            )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
