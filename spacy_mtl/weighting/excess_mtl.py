"""ExcessMTL: the task with the largest excess risk gets the most weight."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

import numpy
from spacy.util import logger
from thinc.api import get_array_module, to_numpy

from ..registry import register
from .per_parameter import check_size
from .ranges import BLOCK, check_count, check_positive
from .rows import Rows
from .task_weighting import TaskWeighting

# As in torchjd.
_EPSILON = 1e-7
# The share of the weight from which one task counts as having all of it.
_ALL = 0.999


@dataclass
class _Risk:
    """The state of a task: squared gradients, weight, first excess risk."""

    squares: Any
    log_weight: float = 0.0
    n_steps: int = 0
    warmup: float = 0.0
    first: Optional[float] = None


@register("mtl_weightings", "spacy_mtl.ExcessMTL.v1")
class ExcessMTL(TaskWeighting):
    """Excess risk weighting: more weight for the task furthest from its attainable risk.

    Needs gradients = "parameters", and keeps a number per task and parameter, saved with the
    pipeline in the file `weighting` of the component's folder. Delete that file before you ship
    the pipeline.

    step_size (float): The step size of the exponentiated gradient, > 0.
    warmup_steps (int): The steps of a task in which only its first risk is measured, >= 0.
        While a task is warming up, the weights of the tasks present with it stay as they are.
        The paper recommends three epochs. With 0, as in its code, the first risk counts
        unscaled: with a large encoder it is in the hundreds, so one task gets all the weight
        from the first step, and a warning is logged.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients.
    normalize (bool): See `TaskWeighting`. The published weights sum to 1.
    SOURCE: He et al. 2024, Algorithm 1, arXiv:2402.02009. The formula is torchjd's,
        which keeps its state by row and resets it when a task is absent; here it is by task.
    """

    needs_parameters = (
        "keeps a number for each gradient value, but the values at the shared representation "
        "differ with every batch"
    )
    needs_rows = True
    libraries = ()

    def __init__(
        self,
        *,
        step_size: float = 1.0,
        warmup_steps: int = 0,
        weights: Dict[str, Any] = {},
        normalize: bool = True,
    ) -> None:
        check_positive("ExcessMTL", step_size=step_size)
        check_count("ExcessMTL", warmup_steps=warmup_steps)
        super().__init__(weights=weights, normalize=normalize)
        self.step_size = step_size
        self.warmup_steps = warmup_steps
        self._risks: Dict[str, _Risk] = {}
        self._has_warned = False

    def weigh(self, rows: Rows) -> numpy.ndarray:
        """Estimate the risks and update the weights: see `TaskWeighting`."""
        log_weights = self._move(rows)
        weights = numpy.exp(log_weights - _log_sum(log_weights))
        if not self.warmup_steps and weights.max() > _ALL:
            self._warn(rows.tasks[int(weights.argmax())])
        return weights * rows.preferences

    def note_one(self, rows: Rows) -> None:
        """Estimate the task's risk: see `TaskWeighting`."""
        self._move(rows)

    def _move(self, rows: Rows) -> numpy.ndarray:
        """RETURNS (ndarray): The logarithms of the weights. Shape: (n_tasks,)."""
        xp = get_array_module(rows.gradients)
        for task, row in zip(rows.tasks, rows.gradients):
            kept = self._risks[task].squares if task in self._risks else row
            if not check_size("ExcessMTL", task, len(kept), len(row)):
                del self._risks[task]
            self._risks.setdefault(task, _Risk(xp.zeros_like(row)))
        risks = [self._risks[task] for task in rows.tasks]
        is_warm = all(risk.n_steps >= self.warmup_steps for risk in risks)
        before = numpy.asarray([risk.log_weight for risk in risks])
        excess = [
            self._measure(risk, row * preference)
            for risk, row, preference in zip(risks, rows.gradients, rows.preferences.tolist())
        ]
        # Nothing can be weighed against a task whose first risk is unknown.
        after = before + self.step_size * numpy.asarray(excess) * is_warm
        # The tasks present redistribute the weight they had.
        after += _log_sum(before) - _log_sum(after)
        for risk, log_weight in zip(risks, after.tolist()):
            risk.log_weight = log_weight
        return after

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The risks."""
        risks: Dict[str, List[Any]] = {}
        for task, risk in self._risks.items():
            squares = to_numpy(risk.squares)
            risks[task] = [squares, risk.log_weight, risk.n_steps, risk.warmup, risk.first]
        return {**super().get_state(), "risks": risks}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state: see `TaskWeighting`."""
        super().set_state(state)
        self._risks = {task: _Risk(*values) for task, values in state["risks"].items()}

    def _warn(self, task: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "ExcessMTL gives all weight to the task '%s': without a warm-up the first risks "
                "count unscaled, and with this many parameters they are too large for that. Set "
                "'warmup_steps' to the steps of one or more epochs in %s.",
                task,
                BLOCK,
            )

    def _measure(self, risk: _Risk, row: Any) -> float:
        """RETURNS (float): The excess risk relative to the first; 0.0 during the warm-up."""
        xp = get_array_module(row)
        squares = row**2
        risk.squares = xp.asarray(risk.squares) + squares
        found = float((squares / xp.sqrt(risk.squares + _EPSILON)).sum(dtype="float64"))
        risk.n_steps += 1
        if risk.n_steps <= self.warmup_steps:
            risk.warmup += found
            return 0.0
        if risk.first is None:
            if not self.warmup_steps:
                risk.first = found
                return found
            risk.first = risk.warmup / self.warmup_steps
        return found / (risk.first + _EPSILON)


def _log_sum(values: numpy.ndarray) -> float:
    top = values.max()
    return float(top + numpy.log(numpy.exp(values - top).sum()))
