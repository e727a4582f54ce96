"""Average losses, weights and gradients over the joint steps between two rows of a log."""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Dict, List, Sequence, Tuple

import numpy
from thinc.types import Floats2d

from ..scaling import products, split
from ..types import Monitor, StepReport


@dataclass(frozen=True)
class TaskMeans:
    """Means over the joint steps in which a task was present.

    n_steps (int): The number of these steps, at least one.
    loss (float): The task's own, unweighted loss.
    weight (float): Its effective weight.
    norm (float): The norm of its unweighted gradient at the shared representation.
    """

    n_steps: int
    loss: float
    weight: float
    norm: float


@dataclass(frozen=True)
class PairMeans:
    """Means over the joint steps in which two tasks were present.

    n_steps (int): The number of these steps, at least one. Steps in which one of the
        gradients is zero don't count.
    cosine (float): The cosine between their gradients at the shared representation. Below
        zero, they conflict.
    """

    n_steps: int
    cosine: float


@dataclass(frozen=True)
class AuxiliaryMeans:
    """Means over the joint steps in which the sharing scheme had an auxiliary loss.

    n_steps (int): The number of these steps, at least one.
    loss (float): The loss, without its strength.
    """

    n_steps: int
    loss: float


@dataclass(frozen=True)
class Reading:
    """The means of a monitor since it was last read.

    n_steps (int): The number of joint steps, with any task.
    tasks (Dict[str, TaskMeans]): By task, excluding those never present.
    pairs (Dict[Tuple[str, str], PairMeans]): By pair of tasks, excluding those never
        present together.
    auxiliary (Dict[str, AuxiliaryMeans]): By name, excluding those that no step had.
    corpora (Dict[str, float]): How many batches were from each corpus. Mixed batches count by
        their shares.
    """

    n_steps: int
    tasks: Dict[str, TaskMeans]
    pairs: Dict[Tuple[str, str], PairMeans]
    auxiliary: Dict[str, AuxiliaryMeans] = field(default_factory=dict)
    corpora: Dict[str, float] = field(default_factory=dict)


class StepMonitor(Monitor):
    """Sums up figures of joint steps as they close."""

    def __init__(self) -> None:
        self._n_steps = 0
        self._tasks: Dict[str, _Sums] = {}
        self._pairs: Dict[Tuple[str, str], _Sums] = {}
        self._auxiliary: Dict[str, _Sums] = {}
        self._corpora: Dict[str, float] = {}

    def __call__(self, report: StepReport) -> None:
        """Record a step.

        report (StepReport): What happened in the step.
        """
        super().__call__(report)
        for name, loss in report.auxiliary.items():
            self._auxiliary.setdefault(name, _Sums()).add(float(loss))
        for corpus, share in report.corpora.items():
            self._corpora[corpus] = self._corpora.get(corpus, 0.0) + share

    def record(
        self, losses: Dict[str, float], gradients: Floats2d, weights: Dict[str, float]
    ) -> None:
        """Record a step.

        losses (Dict[str, float]): The loss of each task present.
        gradients (Floats2d): Their gradients at the shared representation, rows in the
            order of `losses`. Shape: (n_tasks, n_values).
        weights (Dict[str, float]): The effective weight of each task.
        """
        norms, cosines = _measure(gradients)
        self._n_steps += 1
        for task, norm in zip(losses, norms):
            values = (float(losses[task]), float(weights[task]), norm)
            self._tasks.setdefault(task, _Sums()).add(*values)
        for (i, first), (j, second) in combinations(enumerate(losses), 2):
            if norms[i] and norms[j]:
                self._pairs.setdefault((first, second), _Sums()).add(cosines[i][j])

    def read(self) -> Reading:
        """Return the means over the steps since the last reading, and reset.

        RETURNS (Reading): The means.
        """
        reading = Reading(
            n_steps=self._n_steps,
            tasks={
                task: TaskMeans(sums.n_steps, *sums.means) for task, sums in self._tasks.items()
            },
            pairs={
                pair: PairMeans(sums.n_steps, *sums.means) for pair, sums in self._pairs.items()
            },
            auxiliary={
                name: AuxiliaryMeans(sums.n_steps, *sums.means)
                for name, sums in self._auxiliary.items()
            },
            corpora=self._corpora,
        )
        self._forget()
        return reading

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The sums since the last reading."""
        return {
            "n_steps": self._n_steps,
            "tasks": [[task, sums.n_steps, sums.totals] for task, sums in self._tasks.items()],
            "pairs": [[*pair, sums.n_steps, sums.totals] for pair, sums in self._pairs.items()],
            "auxiliary": [
                [name, sums.n_steps, sums.totals] for name, sums in self._auxiliary.items()
            ],
            "corpora": dict(self._corpora),
        }

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state returned by `get_state`.

        state (Dict[str, Any]): The state.
        """
        self._n_steps = state["n_steps"]
        self._tasks = {task: _Sums(n, totals) for task, n, totals in state["tasks"]}
        self._pairs = {(one, two): _Sums(n, totals) for one, two, n, totals in state["pairs"]}
        # Checkpoints of version 0.1.0 have none.
        auxiliary = state.get("auxiliary", [])
        self._auxiliary = {name: _Sums(n, totals) for name, n, totals in auxiliary}
        self._corpora = dict(state.get("corpora", {}))

    def _forget(self) -> None:
        self._n_steps, self._tasks, self._pairs, self._auxiliary = 0, {}, {}, {}
        self._corpora = {}


class _Sums:
    def __init__(self, n_steps: int = 0, totals: Sequence[float] = ()) -> None:
        self.n_steps = n_steps
        self.totals: List[float] = list(totals)

    def add(self, *values: float) -> None:
        before = self.totals or [0.0] * len(values)
        self.totals = [total + value for total, value in zip(before, values)]
        self.n_steps += 1

    @property
    def means(self) -> List[float]:
        return [total / self.n_steps for total in self.totals]


def _measure(gradients: Floats2d) -> Tuple[List[float], List[List[float]]]:
    """Compute the norms of rows, and the cosines between them (NaN for rows of zeros)."""
    with numpy.errstate(all="ignore"):
        cosines, norms = split(products(gradients))
        cosines = numpy.clip(cosines, -1.0, 1.0)
    return norms.tolist(), cosines.tolist()
