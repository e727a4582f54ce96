"""The network of `CGC` and `PLE`: levels of shared and private experts."""

from typing import Any, Dict, List, Sequence, Tuple

import torch
from torch import Tensor

from ..scheduled import Number
from ..types import StructureTable
from .extraction_level import ExtractionLevel
from .gates import GateInput, balance_loss, documents_of
from .hidden import Hidden
from .network import Batch, SharingNetwork


class ExtractionNetwork(SharingNetwork):
    """Levels of experts. In each, a task mixes the shared experts and its own.

    Each level but the last also mixes the experts of all tasks to the vectors that the shared
    experts of the next level read. So everything below the last level is shared, except for the
    gates of tasks right below it: what they mix is only read by the experts and the gate of the
    same task in the last level.

    width (int): The width of the shared representation.
    """

    def __init__(
        self,
        width: int,
        *,
        title: str,
        n_levels: int,
        n_shared: int,
        n_private: int,
        hidden: Hidden,
        gate: str,
        balance: Number,
    ) -> None:
        super().__init__(title, width, {"balance": balance})
        self.gate_kind = gate
        self.levels: Any = torch.nn.ModuleList(
            ExtractionLevel(width, hidden, n_shared, n_private, is_last=i + 1 == n_levels)
            for i in range(n_levels)
        )

    def add_task(self, task: str) -> None:
        super().add_task(task)
        for level in self.levels:
            level.add_task(task, is_late=self.is_trained)

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        documents = documents_of(self.gate_kind, X, batch)
        shared = GateInput(X, documents)
        own = dict.fromkeys(self._read_at(0, tasks), shared)
        balances: List[Tensor] = []
        for i, level in enumerate(self.levels):
            output = level(own, shared, self._read_at(i + 1, tasks))
            own = {task: GateInput(each, documents) for task, each in output.own.items()}
            if output.shared is not None:
                shared = GateInput(output.shared, documents)
            if self.training and self.strength("balance"):
                balances.append(balance_loss([output.weights[task] for task in tasks]))
        views = {task: own[task].X for task in tasks}
        return views, {"balance": torch.stack(balances).mean()} if balances else {}

    def _read_at(self, level: int, tasks: Sequence[str]) -> Sequence[str]:
        # The vectors of which tasks a level reads. All but the last have a gate over the experts
        # of all tasks, also of those whose heads are not in the pipeline.
        return self.tasks if level + 1 < len(self.levels) else tasks

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        found: Dict[str, List[torch.nn.Parameter]] = {}
        for task in self.tasks:
            gates = [level.gates[task] for level in self.levels[-2:]]
            modules = [*gates, self.levels[-1].own[task]]
            found[task] = [parameter for module in modules for parameter in module.parameters()]
        return found

    def note_closed(self, tasks: Sequence[str]) -> None:
        for level in self.levels:
            level.note_closed(tasks)
        super().note_closed(tasks)

    def structure(self) -> List[StructureTable]:
        if len(self.levels) == 1:
            return self.levels[0].structure("")
        tables = [level.structure(f", level {i + 1}") for i, level in enumerate(self.levels)]
        return [table for each in tables for table in each]
