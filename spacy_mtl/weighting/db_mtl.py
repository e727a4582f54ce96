"""Dual-balancing: logarithms of losses, and gradients of equal length."""

import warnings
from typing import Any, Dict, Tuple

import numpy
from thinc.api import get_array_module, to_numpy
from thinc.types import Floats1d

from ..registry import register
from .per_parameter import check_size
from .ranges import BLOCK, check_below, check_not_negative
from .rows import Rows
from .scaling import combine, lengths
from .task_weighting import TaskWeighting


@register("mtl_weightings", "spacy_mtl.DBMTL.v1")
class DBMTL(TaskWeighting):
    """Dual-balancing: each task's moving average of gradients, brought to one length.

    The gradients are those of the logarithms of the losses. At the shared representation
    the values of a gradient are others in every batch, so there is no moving average there
    (as with beta = 0), which a warning says when training begins. With
    gradients = "parameters" there is: a number a task and parameter, saved with the
    pipeline, in the file `weighting` of the component's folder. Delete that before you ship it.

    beta (float): How much of the average is kept, in [0, 1), at a task's first step.
    decay (float): It falls with that task's steps: beta / step ** decay. >= 0.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients once they
        have one length.
    normalize (bool): See `TaskWeighting`. The published length is that of the longest.
    SOURCE: Lin et al. 2023, Algorithm 1, arXiv:2308.12029.
    """

    needs_losses = True
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
        """Say where there is no moving average: see `TaskWeighting`."""
        super().check_training(gradients)
        self._has_averages = gradients == "parameters" and self.beta > 0
        if gradients != "parameters" and self.beta > 0:
            warnings.warn(
                "DBMTL runs without its moving average: at the shared representation there are "
                'other values in every batch. Set gradients = "parameters" in the block of the '
                f"'mtl' component to have it, or beta = 0 in {BLOCK} to say that it is meant."
            )

    def combine(self, rows: Rows) -> Tuple[Floats1d, numpy.ndarray]:
        """Balance: see `TaskWeighting`."""
        inverse = _inverse(rows)
        balanced = self._average(rows)
        norms = lengths(balanced)
        factors = rows.preferences * norms.max() / norms
        weights = factors * inverse
        scale = self.scale(weights, rows.preferences)
        return combine(factors * scale, balanced), weights * scale

    def note_one(self, rows: Rows) -> None:
        """Move its average: see `TaskWeighting`."""
        self._average(rows)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The moving averages."""
        averages = {
            task: [to_numpy(average), self._n_steps[task]]
            for task, average in self._averages.items()
        }
        return {**super().get_state(), "averages": averages}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state: see `TaskWeighting`."""
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
