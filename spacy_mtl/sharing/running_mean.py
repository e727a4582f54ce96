"""Means over recent training steps, for tables of what a scheme has learned."""

from typing import Mapping, Optional, Sequence

import torch
from torch import Tensor

from ..types import StructureTable

#: How much of what was seen before still counts after a step.
DECAY = 0.99


class RunningMean(torch.nn.Module):
    """The mean of rows of values, over those of recent closed steps.

    n_values (int): The number of values of a row.
    """

    #: The sum of the rows, and their number: recent ones count more.
    total: Tensor
    count: Tensor

    def __init__(self, n_values: int) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(n_values))
        self.register_buffer("count", torch.zeros(1))
        self._seen: Optional[Tensor] = None
        self._n_seen = 0

    def see(self, rows: Tensor) -> None:
        """Keep the rows of a training batch until its step closes.

        rows (Tensor): *Shape:* (n_rows, n_values).
        """
        # In bfloat16, a sum over many rows would be rough.
        self._seen = rows.detach().sum(dim=0, dtype=self.total.dtype)
        self._n_seen = len(rows)

    def note_closed(self) -> None:
        """Add what was seen last."""
        if self._seen is not None:
            self.total.mul_(DECAY).add_(self._seen)
            self.count.mul_(DECAY).add_(self._n_seen)
            self._seen = None

    def grow(self, n_values: int) -> None:
        """Add values to the rows. So far, they were 0.

        n_values (int): The number of new values.
        """
        self.total = torch.nn.functional.pad(self.total, (0, n_values))
        self._seen = None

    @property
    def mean(self) -> Tensor:
        """RETURNS (Tensor): The mean, 0 if nothing was seen. *Shape:* (n_values,)."""
        return self.total / self.count.clamp(min=1)


def means_table(
    title: str, means: Mapping[str, RunningMean], columns: Sequence[str], note: str
) -> StructureTable:
    """Make the table of the means of tasks.

    title (str): Its title.
    means (Mapping[str, RunningMean]): By task.
    columns (Sequence[str]): The names of the values of a row.
    note (str): How to read them.
    RETURNS (StructureTable): The table, a row per task.
    """
    if not means:
        return StructureTable(title, [], list(columns), [], note)
    values = torch.stack([each.mean for each in means.values()])
    return StructureTable(
        title, list(means), list(columns), values.tolist(), note + untrained(values)
    )


def untrained(values: Tensor) -> str:
    """Make the note on rows without values.

    values (Tensor): The means of all tasks. *Shape:* (n_tasks, n_values).
    RETURNS (str): A sentence, with a space in front, if there are such rows.
    """
    has_values = values.any(dim=1)
    return "" if has_values.all() else " All 0: the task has not been trained."
