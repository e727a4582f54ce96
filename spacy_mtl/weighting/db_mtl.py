"""Dual-balancing: logarithms of losses, and gradients of equal length."""

import warnings
from typing import Any, Dict, Tuple

import numpy
from thinc.api import get_array_module, to_numpy
from thinc.types import Floats1d

from ..registry import register
from ..scaling import combine, lengths
from .per_parameter import check_size
from .ranges import BLOCK, check_below, check_not_negative
from .rows import Rows
from .task_weighting import TaskWeighting


@register("mtl_weightings", "spacy_mtl.DBMTL.v1")
class DBMTL(TaskWeighting):
    """Dual-balancing: each task's moving average of gradients, scaled to the same length.

    The gradients are those of the logarithms of the losses. At the shared representation,
    gradient values differ with every batch, so there is no moving average (as with beta = 0),
    and a warning says so when training begins. With gradients = "parameters" there is one: a
    number per task and parameter, saved with the pipeline in the file `weighting` of the
    component's folder. Delete that file before you ship the pipeline.

    beta (float): How much of the average is kept at a task's first step, in [0, 1).
    decay (float): How fast this falls with the task's steps: beta / step ** decay. >= 0.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients of equal
        length.
    normalize (bool): See `TaskWeighting`. The published length is that of the longest.
    SOURCE: Lin et al. 2023, Algorithm 1, arXiv:2308.12029.
    """

    needs_losses = True
    needs_rows = True
    libraries = ()

    def __init__(
        self,
        *,
        beta: float = 0.9,
        decay: float = 0.5,
        weights: Dict[str, Any] = {},
        normalize: bool = True,
    ) -> None:
        check_not_negative("DBMTL", beta=beta, decay=decay)
        check_below("DBMTL", 1, beta=beta)
        super().__init__(weights=weights, normalize=normalize)
        self.beta = beta
        self.decay = decay
        self._averages: Dict[str, Any] = {}
        self._n_steps: Dict[str, int] = {}
        self._has_averages = False

    def check_training(self, gradients: str) -> None:
        """Warn if there is no moving average: see `TaskWeighting`."""
        super().check_training(gradients)
        self._has_averages = gradients == "parameters" and self.beta > 0
        if gradients != "parameters" and self.beta > 0:
            warnings.warn(
                "DBMTL runs without its moving average: at the shared representation, gradients "
                'have other values in every batch. Set gradients = "parameters" in the block of '
                f"the 'mtl' component to use it, or beta = 0 in {BLOCK} to silence this warning."
            )

    def combine(self, rows: Rows) -> Tuple[Floats1d, numpy.ndarray]:
        """Balance the gradients: see `TaskWeighting`."""
        inverse = _inverse(rows)
        balanced = self._average(rows)
        norms = lengths(balanced)
        factors = rows.preferences * norms.max() / norms
        weights = factors * inverse
        scale = self.scale(weights, rows.preferences)
        return combine(factors * scale, balanced), weights * scale

    def note_one(self, rows: Rows) -> None:
        """Update the task's average: see `TaskWeighting`."""
        self._average(rows)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The moving averages."""
        averages = {
            task: [to_numpy(average), self._n_steps[task]]
            for task, average in self._averages.items()
        }
        return {**super().get_state(), "averages": averages}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state: see `TaskWeighting`."""
        super().set_state(state)
        self._averages = {task: average for task, (average, _) in state["averages"].items()}
        self._n_steps = {task: n_steps for task, (_, n_steps) in state["averages"].items()}

    def _average(self, rows: Rows) -> Any:
        xp = get_array_module(rows.gradients)
        current: Any = rows.gradients * xp.asarray(_inverse(rows), rows.gradients.dtype)[:, None]
        if not self._has_averages:
            return current
        for task, row in zip(rows.tasks, current):
            kept = self._averages.get(task, row)
            if not check_size("DBMTL", task, len(kept), len(row)):
                del self._averages[task], self._n_steps[task]
            n_steps = self._n_steps.get(task, 0) + 1
            before = xp.asarray(self._averages.get(task, xp.zeros_like(row)))
            self._averages[task] = row + self.beta * n_steps**-self.decay * (before - row)
            self._n_steps[task] = n_steps
        return xp.stack([self._averages[task] for task in rows.tasks])


def _inverse(rows: Rows) -> numpy.ndarray:
    return 1 / numpy.where(rows.losses > 0, rows.losses, 1)
