"""Tower attention: each task attends, token by token, over the towers of all tasks."""

from typing import Any, Callable, Dict, List, Sequence, Tuple, cast

import torch
from torch import Tensor

from ..types import StructureTable
from .by_task import ByTask
from .network import Batch
from .passing import PassingNetwork
from .running_mean import RunningMean, means_table
from .tower import Tower


class TowerAttentionNetwork(PassingNetwork):
    """Let each task attend over the states of all towers, its own among them.

    Every task has two towers: a lower one, which all tasks read, and an upper one of its own,
    which starts from what the task has read: the mean of the lower states, weighted by attention.
    A task reads the towers that there were when it was added, and later ones only until training
    begins. So a task that is added to a trained scheme doesn't change the views of others.

    query_width (int): The width of the hidden layer that computes queries.
    SOURCE: Vaswani et al. 2017 (scaled dot-product attention), arXiv:1706.03762, with one head,
        tasks in the place of positions, and the states themselves as keys and values.
    """

    def __init__(
        self,
        width: int,
        *,
        new_tower: Callable[[int], Tower],
        pass_gradient: bool,
        query_width: int,
    ) -> None:
        super().__init__(width, new_tower=new_tower, pass_gradient=pass_gradient)
        self._query_width = query_width
        self.uppers = ByTask()
        self.queries = ByTask()
        #: The mean attention of each task to the towers.
        self.means = ByTask()
        #: How many towers each task reads, in the order of their addition.
        self._n_read: Dict[str, int] = {}

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.uppers.add(task, self._new_tower(self.width))
        self.queries.add(task, Query(self.width, self._query_width))
        for each in self.means:
            self._mean(each).grow(1)
        self.means.add(task, RunningMean(len(self.tasks)))
        readers = [task] if self.is_trained else self.tasks
        self._n_read.update(dict.fromkeys(readers, len(self.tasks)))

    def sources(self, task: str) -> List[str]:
        return [each for each in self.tasks[: self._n_read[task]] if each != task]

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        # The states without `X`: it would add the same to all scores of a token.
        n_needed = max((self._n_read[task] for task in tasks), default=0)
        needed = self.tasks[:n_needed]
        own = {task: cast(Tower, self.towers[task]).change(X) for task in needed}
        everything = torch.stack(list(own.values()), dim=1) if needed else X.unsqueeze(1)
        views: Dict[str, Tensor] = {}
        for task in tasks:
            changes = everything if self._pass_gradient else _constant_others(own, task)
            changes = changes[:, : self._n_read[task]]
            query = self.queries[task](X + own[task])
            scores = (changes * query.unsqueeze(1)).sum(dim=2) / self.width**0.5
            attention = scores.softmax(dim=1)
            views[task] = self.uppers[task](X + (attention.unsqueeze(2) * changes).sum(dim=1))
            if self.training:
                n_late = len(self.tasks) - self._n_read[task]
                self._mean(task).see(torch.nn.functional.pad(attention, (0, n_late)))
        return views, {}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        found: Dict[str, List[torch.nn.Parameter]] = {}
        for task in self.tasks:
            modules = [self.uppers[task], self.queries[task]]
            modules += [self.towers[task]] if self.is_private(task) else []
            found[task] = [p for module in modules for p in module.parameters()]
        return found

    def rename_task(self, old: str, new: str) -> None:
        if old in self._n_read:
            self._n_read[new] = self._n_read.pop(old)

    def get_state(self) -> Dict[str, Any]:
        return {**super().get_state(), "n_read": dict(self._n_read)}

    def set_state(self, state: Dict[str, Any]) -> None:
        super().set_state(state)
        self._n_read.update((task, int(n)) for task, n in state["n_read"].items())

    def note_closed(self, tasks: Sequence[str]) -> None:
        for task in tasks:
            self._mean(task).note_closed()
        super().note_closed(tasks)

    def structure(self) -> List[StructureTable]:
        if not self.tasks:
            return []
        means = {task: self._mean(task) for task in self.tasks}
        note = "The mean attention of the task of the row to the tower of the column."
        return [means_table("attention", means, self.tasks, note)]

    def _mean(self, task: str) -> RunningMean:
        return cast(RunningMean, self.means[task])


class Query(torch.nn.Module):
    """A query of a task, computed from each token's state.

    width (int): The width of the states.
    hidden_width (int): The width of the hidden layer.
    """

    def __init__(self, width: int, hidden_width: int) -> None:
        super().__init__()
        self.down = torch.nn.Linear(width, hidden_width)
        self.up = torch.nn.Linear(hidden_width, width)

    def forward(self, states: Tensor) -> Tensor:
        """RETURNS (Tensor): The queries. *Shape:* (n_tokens, width)."""
        return self.up(self.down(states))


def _constant_others(changes: Dict[str, Tensor], task: str) -> Tensor:
    found = [change if t == task else change.detach() for t, change in changes.items()]
    return torch.stack(found, dim=1)
