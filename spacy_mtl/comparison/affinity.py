"""How tasks affect each other, averaged over a training."""

import math
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy
from spacy.language import Language
from spacy.training import Example
from thinc.api import Optimizer, get_array_module

from ..joint.annotated import annotated_tasks
from ..joint.component import MultiTask
from ..joint.task_gradients import TaskGradients, cosines_of
from ..packed import pack_examples, unpack_examples
from ..tasks.stock import task_of
from ..types import StepReport
from .lookahead import look_ahead


@dataclass
class Mean:
    """A running mean.

    n (int): The number of values.
    total (float): Their sum.
    squares (float): The sum of their squares.
    """

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Add a value, unless it is not finite: the loss of a task may be 0.

        value (float): The value.
        """
        if math.isfinite(value):
            self.n += 1
            self.total += value
            self.squares += value * value

    @property
    def value(self) -> float:
        """RETURNS (float): The mean; NaN without a value."""
        return self.total / self.n if self.n else math.nan

    @property
    def error(self) -> float:
        """RETURNS (float): The standard error of the mean; NaN with fewer than two values."""
        if self.n < 2:
            return math.nan
        variance = max(0.0, self.squares - self.total**2 / self.n) / (self.n - 1)
        return math.sqrt(variance / self.n)


#: Means by pair of tasks.
Table = Dict[Tuple[str, str], Mean]


@dataclass(frozen=True)
class Affinities:
    """What a training has shown about its tasks.

    tasks (List[str]): The tasks, in pipeline order.
    at_features (Table): The cosine of the gradients of each pair at the shared representation.
    at_parameters (Table): The same at the shared parameters.
    ahead (Table): By (source, target): the logarithm of how many times higher the loss of the
        target was before the shared parameters move for the source alone.
    """

    tasks: List[str]
    at_features: Table = field(default_factory=dict)
    at_parameters: Table = field(default_factory=dict)
    ahead: Table = field(default_factory=dict)

    @property
    def n_measured(self) -> int:
        """RETURNS (int): The number of measurements of the pair that was measured most."""
        return max((mean.n for mean in self.ahead.values()), default=0)

    def lookahead(self) -> numpy.ndarray:
        """RETURNS (ndarray): The means of `ahead`, 0 where unknown. Shape: (n_tasks, n_tasks)."""
        return self._matrix(lambda mean: mean.value)

    def lookahead_errors(self) -> numpy.ndarray:
        """RETURNS (ndarray): The standard errors, 0 where unknown. Shape: (n_tasks, n_tasks)."""
        return self._matrix(lambda mean: mean.error)

    def _matrix(self, number: Callable[[Mean], float]) -> numpy.ndarray:
        pairs = ([self.ahead.get((a, b), Mean()) for b in self.tasks] for a in self.tasks)
        return numpy.nan_to_num(numpy.asarray([[number(mean) for mean in row] for row in pairs]))

    def to_json(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): All means with their standard errors and numbers of values."""
        return {
            "tasks": self.tasks,
            "cosines_at_features": _rows(self.at_features, "tasks"),
            "cosines_at_parameters": _rows(self.at_parameters, "tasks"),
            "lookahead": _rows(self.ahead, "source_and_target"),
        }

    @property
    def _tables(self) -> List[Table]:
        return [self.at_features, self.at_parameters, self.ahead]

    def get_state(self) -> List[List[Any]]:
        """RETURNS (List[List[Any]]): All sums, for msgpack."""
        return [
            [[*pair, mean.n, mean.total, mean.squares] for pair, mean in table.items()]
            for table in self._tables
        ]

    def set_state(self, state: Sequence[Sequence[Any]]) -> None:
        """Restore the sums.

        state (Sequence[Sequence[Any]]): The result of `get_state`.
        """
        for table, rows in zip(self._tables, state):
            table.clear()
            table.update({(first, second): Mean(*sums) for first, second, *sums in rows})


class AffinityMeter:
    """Measures affinities at some steps of a training, before the pipeline learns from the batch.

    A task that the batch doesn't annotate is measured on the last one that does.

    nlp (Language): The pipeline.
    joint (MultiTask): Its joint component.
    optimizer (Optimizer): The optimizer of the training.
    every (int): The number of steps between measurements.
    """

    def __init__(
        self, nlp: Language, joint: MultiTask, optimizer: Optimizer, every: int = 10
    ) -> None:
        self.found = Affinities(joint.tasks)
        self._nlp, self._joint = nlp, joint
        self._optimizer, self._every = optimizer, every
        self._latest: Dict[str, Sequence[Example]] = {}
        self._weights: Dict[str, float] = {}
        self.close = joint.observers.subscribe(self._note_weights)

    def __call__(self, step: int, batch: Sequence[Example]) -> None:
        """Look at a batch, and measure if it is time.

        step (int): The step, from 0. The first one is never measured: the optimizer has no
            moments yet.
        batch (Sequence[Example]): The batch.
        """
        self._note(batch)
        if step and not step % self._every:
            self._measure(self._batches())

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What was found, and what the next measurement needs, for
        msgpack."""
        batches = self._batches()
        places = {id(batch): place for place, batch in enumerate(batches)}
        return {
            "found": self.found.get_state(),
            "weights": self._weights,
            "batches": [pack_examples(batch) for batch in batches],
            "latest": [[task, places[id(batch)]] for task, batch in self._latest.items()],
        }

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state.

        state (Dict[str, Any]): The result of `get_state`.
        """
        self.found.set_state(state["found"])
        self._weights = dict(state["weights"])
        batches = [unpack_examples(batch, self._nlp.vocab) for batch in state["batches"]]
        self._latest = {task: batches[place] for task, place in state["latest"]}

    def _batches(self) -> List[Sequence[Example]]:
        """RETURNS (List[Sequence[Example]]): The last batches of all tasks, each once."""
        return list({id(each): each for each in self._latest.values()}.values())

    def _note(self, batch: Sequence[Example]) -> None:
        known = {name: task_of(self._nlp, name) for name in self._joint.tasks}
        annotated = annotated_tasks(batch, self._joint.tasks, known)
        for task in set().union(*annotated.tasks):
            # The newest batch comes last.
            self._latest.pop(task, None)
            self._latest[task] = batch

    def _note_weights(self, report: StepReport) -> None:
        self._weights.update(report.weights)

    def _measure(self, batches: List[Sequence[Example]]) -> None:
        # The newest batch of a task counts.
        batches = batches[::-1]
        gradients = [self._joint.task_gradients(batch) for batch in batches]
        self._add_cosines(gradients)
        losses: Dict[str, float] = {}
        for each in gradients:
            losses = {**each.losses, **losses}
        ahead = look_ahead(
            self._nlp, self._joint, batches, gradients, self._weights, self._optimizer
        )
        for source, after in ahead.items():
            for target in losses:
                # A task that has no gradient left there has no loss either.
                self.found.ahead.setdefault((source, target), Mean()).add(
                    _fall(losses[target], after.get(target, 0.0))
                )

    def _add_cosines(self, gradients: Sequence[TaskGradients]) -> None:
        rows: Dict[str, Any] = {}
        for each in gradients:
            # Tasks without a document in common are at right angles there, whatever they want.
            cosines = {pair: c for pair, c in each.cosines_at_features().items() if c != 0.0}
            _add(self.found.at_features, cosines)
            rows = {**dict(zip(each.tasks, each.at_parameters)), **rows}
        ordered = [task for task in self.found.tasks if task in rows]
        for first, second in combinations(ordered, 2):
            pair = get_array_module(rows[first]).stack([rows[first], rows[second]])
            _add(self.found.at_parameters, cosines_of([first, second], pair))


def _fall(before: float, after: float) -> float:
    """RETURNS (float): The logarithm of before / after; NaN if it has none.

    For small changes the share of itself by which a loss falls, as in the paper. Once a loss is
    close to 0, a few large shares would decide the mean.
    """
    return math.log(before / after) if before > 0 and after > 0 else math.nan


def _add(table: Table, values: Dict[Tuple[str, str], float]) -> None:
    for pair, value in values.items():
        table.setdefault(pair, Mean()).add(value)


def _rows(table: Table, key: str) -> List[Dict[str, Any]]:
    return [
        {
            key: list(pair),
            "mean": mean.value if mean.n else None,
            "error": mean.error if mean.n > 1 else None,
            "n": mean.n,
        }
        for pair, mean in table.items()
    ]
