"""What a joint step reports, and the base class of monitors."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Optional

from thinc.types import Floats2d


@dataclass(frozen=True)
class StepReport:
    """What happened in a joint step, for observers: see `MultiTask.observers`.

    losses (Dict[str, float]): The loss of each weighted task, in pipeline order.
        Mean per annotated unit.
    units (Dict[str, int]): The number of annotated units of each task that reports it.
    weights (Dict[str, float]): The effective weight of each task.
    auxiliary (Dict[str, float]): The sharing scheme's own losses, by name.
    rows (Floats2d): The tasks' gradients at the shared representation, in the order of
        `losses`. Shape: (n_tasks, n_values).
    corpora (Dict[str, float]): The share of the batch's documents that is from each corpus, if
        they come from `spacy_mtl.MultiCorpus.v1`.
    """

    losses: Dict[str, float]
    units: Dict[str, int]
    weights: Dict[str, float]
    auxiliary: Dict[str, float]
    rows: Floats2d
    corpora: Dict[str, float] = field(default_factory=dict)


class Monitor:
    """Watches joint steps, for a log. It must not modify what it gets.

    The base class of all monitors: observers of `MultiTask` that may have a state, which is
    saved in checkpoints. Its methods do nothing.
    """

    def __call__(self, report: StepReport) -> None:
        """Record a step, given as for any observer.

        report (StepReport): What happened in the step.
        """
        self.record(report.losses, report.rows, report.weights)

    def record(
        self, losses: Dict[str, float], gradients: Floats2d, weights: Dict[str, float]
    ) -> None:
        """Record a step.

        losses (Dict[str, float]): The loss of each weighted task.
        gradients (Floats2d): Their gradients at the shared representation, rows in the
            order of `losses`. Shape: (n_tasks, n_values).
        weights (Dict[str, float]): The effective weight of each task.
        """

    def get_state(self) -> Optional[Dict[str, Any]]:
        """RETURNS (Optional[Dict[str, Any]]): A state for msgpack, or None."""
        return None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state that `get_state` returned.

        state (Dict[str, Any]): The state.
        """


#: Receives the report of each joint step.
Observer = Callable[[StepReport], None]
