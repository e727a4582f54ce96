"""Balanced: weighted gradients of equal length at the parameters."""

from typing import Any, Dict, Sequence

import numpy

from ..registry import register
from ..scaling import products
from .ranges import check_below, check_not_negative
from .rows import Rows
from .task_weighting import TaskWeighting


@register("mtl_weightings", "spacy_mtl.Balanced.v1")
class Balanced(TaskWeighting):
    """Weighted gradients of equal length at the parameters, with nothing to tune.

    The weight of a task is one divided by the root mean square of its gradient's norm over the
    last steps. The gradients are measured at the encoder's parameters, now and then (unless
    'gradients' and 'every' of the joint component say otherwise).

    decay (float): How much of the mean stays when a step is added, from 0 to less than 1.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the weights.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Chen et al. 2018, arXiv:1711.02257 (GradNorm): its norms with alpha = 0, solved
        instead of learned.
    """

    needs_parameters = "balances gradients where they add up, in the encoder's parameters"
    place = "parameters"
    libraries = ()

    def __init__(
        self, *, decay: float = 0.9, weights: Dict[str, Any] = {}, normalize: bool = True
    ) -> None:
        check_not_negative("Balanced", decay=decay)
        check_below("Balanced", 1, decay=decay)
        super().__init__(weights=weights, normalize=normalize)
        self.decay = decay
        #: By task: the running average of the squares, which starts at 0, and the sum of its
        #: weights.
        self._squares: Dict[str, Any] = {}

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Reject weights for unknown tasks: see `Weighting`. A single task is balanced."""
        self.weights.check_tasks(tasks)

    def weigh(self, rows: Rows) -> numpy.ndarray:
        """Weigh by the mean norms: see `TaskWeighting`."""
        self.note_one(rows)
        pairs = (self._squares[task] for task in rows.tasks)
        means = [square / share for square, share in pairs]
        return rows.preferences / numpy.sqrt(means)

    def note_one(self, rows: Rows) -> None:
        """Update the mean norms: see `TaskWeighting`."""
        for i, task in enumerate(rows.tasks):
            square, share = self._squares.get(task, (0.0, 0.0))
            new = 1 - self.decay
            length = float(products(rows.gradients[i : i + 1])[0, 0])
            self._squares[task] = (self.decay * square + new * length, self.decay * share + new)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The mean norms."""
        squares = {task: list(pair) for task, pair in self._squares.items()}
        return {**super().get_state(), "squares": squares}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state: see `TaskWeighting`."""
        super().set_state(state)
        self._squares = {task: tuple(pair) for task, pair in state["squares"].items()}
