"""Stitches: learned weights with which each task reads the towers of all tasks."""

from typing import Iterator, List, Optional, Sequence, cast

import torch
from torch import Tensor

from ..types import StructureTable
from .by_task import ByTask, Values


class Stitches(torch.nn.Module):
    """The stitches after one layer. Each pair of tasks has a parameter of its own.

    What is stored is the weight divided by the learning rate factor, so that Adam, whose steps
    don't depend on the size of gradients, changes the weight by that factor more.

    own_weight (float): The first weight of a task's own tower.
    other_weight (float): The first weight of each other tower.
    stitch_rate_scale (float): The learning rate factor.
    n_subspaces (int): The number of parts of a state that are weighted on their own. The first
        weight of a task's own tower is for the same part only.
    """

    scale: Tensor

    def __init__(
        self,
        own_weight: float,
        other_weight: float,
        stitch_rate_scale: float,
        n_subspaces: int = 1,
    ) -> None:
        super().__init__()
        self._first = own_weight, other_weight
        self._n_subspaces = n_subspaces
        self.rows = ByTask()
        # Saved, since trained values mean nothing without it.
        self.register_buffer("scale", torch.tensor([stitch_rate_scale]))

    def add_task(self, task: str, *, is_late: bool) -> None:
        """Add the stitches of a task.

        task (str): The name of the task.
        is_late (bool): Whether the others are trained already. Their weights for its tower are 0
            at first, so their states stay the same.
        """
        own_weight, other_weight = self._first
        for other in self.rows:
            self._row(other).add(task, self._values(0.0 if is_late else other_weight))
        row = ByTask()
        for other in self.rows:
            row.add(other, self._values(other_weight))
        row.add(task, self._values(other_weight, own_weight))
        self.rows.add(task, row)

    def weights(self, task: str) -> Tensor:
        """Get the weights with which a task reads.

        task (str): The name of the task.
        RETURNS (Tensor): The weights, by part of the result, then by tower and its part.
            *Shape:* (n_subspaces, n_tasks * n_subspaces).
        """
        return torch.cat([values.values for values in self._values_of(task)], dim=1) * self.scale

    def parameters_of(self, task: str) -> List[torch.nn.Parameter]:
        """RETURNS (List[Parameter]): What `weights` reads."""
        return [values.values for values in self._values_of(task)]

    def table(self) -> List[List[float]]:
        """Summarize the weights.

        RETURNS (List[List[float]]): One row per task, with its weight for each tower. If there are
            several subspaces, the mean of the absolute values.
        """
        n_subspaces = self._n_subspaces
        found = []
        for task in self.rows:
            weights = self.weights(task).detach()
            if n_subspaces > 1:
                weights = weights.abs().mean(dim=0).view(-1, n_subspaces).mean(dim=1)
            found.append(weights.view(-1).tolist())
        return found

    def _values(self, weight: float, of_same_part: Optional[float] = None) -> Values:
        scale = float(self.scale)
        values = torch.full((self._n_subspaces, self._n_subspaces), weight / scale)
        if of_same_part is not None:
            values.fill_diagonal_(of_same_part / scale)
        return Values(values)

    def _values_of(self, task: str) -> Iterator[Values]:
        row = self._row(task)
        return (cast(Values, row[other]) for other in row)

    def _row(self, task: str) -> ByTask:
        return cast(ByTask, self.rows[task])


def stitch_tables(all_stitches: Sequence[Stitches], what: str) -> List[StructureTable]:
    """Make the tables of a network's stitches.

    all_stitches (Sequence[Stitches]): Those after each layer.
    what (str): What the values are, for the note.
    RETURNS (List[StructureTable]): One table per layer.
    """
    return [
        StructureTable(
            f"stitches after layer {i}",
            list(stitches.rows),
            list(stitches.rows),
            stitches.table(),
            f"{what} with which each task (row) reads the tower of each task (column).",
        )
        for i, stitches in enumerate(all_stitches, start=1)
    ]
