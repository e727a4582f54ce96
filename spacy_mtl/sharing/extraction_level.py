"""One level of `CGC` and `PLE`: shared experts, experts of each task, and their gates."""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence

import torch
from torch import Tensor

from ..types import StructureTable
from .by_task import ByTask
from .experts import Experts, mix
from .gates import Gate, GateInput, Logits, gates_table, note_weights, see_weights, weights_of
from .hidden import Hidden
from .running_mean import RunningMean

#: The first logits of the experts of a task that is added after training. Those of others are
#: around 0 or have been learned.
LATE = -4.0


@dataclass
class LevelOutput:
    """What a level computes.

    own (Dict[str, Tensor]): The vectors of each task. *Shape of each:* (n_tokens, width).
    weights (Dict[str, Tensor]): The weights by which each task mixed the shared experts and its
        own. *Shape of each:* (n_tokens, n_shared + n_private).
    shared (Optional[Tensor]): The shared vectors, if a level follows. *Shape:* (n_tokens, width).
    """

    own: Dict[str, Tensor]
    weights: Dict[str, Tensor]
    shared: Optional[Tensor] = None


class ExtractionLevel(torch.nn.Module):
    """One level.

    width (int): The width of the vectors.
    hidden (Hidden): The sizes of the hidden layers of each expert.
    n_shared (int): The number of shared experts.
    n_private (int): The number of experts of each task.
    is_last (bool): Whether no level follows, so that there are no shared vectors to compute.
    """

    def __init__(
        self, width: int, hidden: Hidden, n_shared: int, n_private: int, *, is_last: bool
    ) -> None:
        super().__init__()
        self._width = width
        self._hidden = hidden
        self.n_private = n_private
        self.shared = Experts(n_shared, width, hidden)
        self.own = ByTask()
        self.gates = ByTask()
        self.shared_gate = None if is_last else SharedGate(width, n_shared)

    def add_task(self, task: str, *, is_late: bool) -> None:
        """Create the parts of a task.

        task (str): The name of the task.
        is_late (bool): Whether the others are trained already.
        """
        self.own.add(task, Experts(self.n_private, self._width, self._hidden))
        self.gates.add(task, Gate(self._width, self.shared.n + self.n_private))
        if self.shared_gate is not None:
            self.shared_gate.add_task(task, self.n_private, is_late=is_late)

    def forward(
        self, own: Mapping[str, GateInput], shared: GateInput, tasks: Sequence[str]
    ) -> LevelOutput:
        """Compute the vectors of some tasks and, unless this is the last level, the shared ones.

        own (Mapping[str, GateInput]): The vectors of all tasks, or of those wanted in the last
            level.
        shared (GateInput): The shared vectors.
        tasks (Sequence[str]): The tasks whose vectors are wanted.
        RETURNS (LevelOutput): The vectors.
        """
        experts: Dict[str, Any] = {task: self.own[task] for task in own}
        states = {task: experts[task](own[task].X) for task in own}
        common = self.shared(shared.X)
        weights = {task: own[task].weights(self.gates[task]) for task in tasks}
        output = LevelOutput(
            {
                task: mix(
                    own[task].X,
                    [self.shared, experts[task]],
                    [common, states[task]],
                    weights[task],
                )
                for task in tasks
            },
            weights,
        )
        if self.training:
            see_weights(self.gates, weights)
        if self.shared_gate is not None:
            # In the order in which the tasks were added.
            order = list(self.own)
            output.shared = mix(
                shared.X,
                [self.shared, *(experts[task] for task in order)],
                [common, *(states[task] for task in order)],
                self.shared_gate(shared),
            )
        return output

    def note_closed(self, tasks: Sequence[str]) -> None:
        """Add to the record of the gates after a step."""
        note_weights(self.gates, tasks)
        if self.shared_gate is not None:
            self.shared_gate.use.note_closed()

    def structure(self, where: str) -> List[StructureTable]:
        """RETURNS (List[StructureTable]): The mean weights of the gates.

        where (str): What the titles end in, such as ", level 1".
        """
        shared = [f"shared {i + 1}" for i in range(self.shared.n)]
        private = [f"private {i + 1}" for i in range(self.n_private)]
        tables = [gates_table(self.gates, [*shared, *private], f"gates{where}")]
        if self.shared_gate is not None:
            tables.append(self.shared_gate.table(shared, self.n_private, where))
        return tables


class SharedGate(torch.nn.Module):
    """A gate over the experts of all tasks, with a part per task, so that it grows with them.

    The experts of a task that is added after training start with small weights, so that what the
    tasks share, and thereby the views of others, changes little.

    width (int): The width of the vectors.
    n_shared (int): The number of shared experts.
    """

    def __init__(self, width: int, n_shared: int) -> None:
        super().__init__()
        self._width = width
        self.shared = Logits(width, n_shared)
        self.own = ByTask()
        self.use = RunningMean(n_shared)

    def add_task(self, task: str, n_private: int, *, is_late: bool) -> None:
        """Create the part of a task.

        task (str): The name of the task.
        n_private (int): The number of its experts.
        is_late (bool): Whether the others are trained already.
        """
        part = Logits(self._width, n_private)
        if is_late:
            torch.nn.init.constant_(part.bias, LATE)
        self.own.add(task, part)
        self.use.grow(n_private)

    def forward(self, read: GateInput) -> Tensor:
        """RETURNS (Tensor): The weights. *Shape:* (n_tokens, n of all experts)."""
        parts = [self.shared, *(self.own[task] for task in self.own)]
        logits = torch.cat([part(read.rows) for part in parts], dim=1)
        weights = read.per_token(weights_of(logits))
        if self.training:
            self.use.see(weights)
        return weights

    def table(self, shared: List[str], n_private: int, where: str) -> StructureTable:
        """RETURNS (StructureTable): The mean weights, in one row."""
        own = [f"{task} {i + 1}" for task in self.own for i in range(n_private)]
        values = [self.use.mean.tolist()]
        note = "The mean weight of each expert, of any task, in what the next level shares."
        return StructureTable(f"shared gate{where}", ["shared"], [*shared, *own], values, note)
