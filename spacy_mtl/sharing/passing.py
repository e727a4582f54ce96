"""The base class of networks in which the towers of tasks read each other's states."""

from typing import Callable, List

from torch import Tensor

from ..types import StructureTable
from .by_task import ByTask
from .network import SharingNetwork
from .tower import Tower

TITLE = "spacy_mtl.InformationPassing.v1"


class PassingNetwork(SharingNetwork):
    """A tower per task, and what tasks read of the towers of others.

    width (int): The width of the shared representation.
    new_tower (Callable[[int], Tower]): Creates a tower for vectors of a width.
    pass_gradient (bool): Whether a task's gradient reaches the towers that it reads.
    """

    def __init__(
        self, width: int, *, new_tower: Callable[[int], Tower], pass_gradient: bool
    ) -> None:
        super().__init__(TITLE, width)
        self._new_tower = new_tower
        self._pass_gradient = pass_gradient
        self.towers = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.towers.add(task, self._new_tower(self.width))

    def sources(self, task: str) -> List[str]:
        """RETURNS (List[str]): The tasks whose towers a task reads, besides its own."""
        raise NotImplementedError

    def is_private(self, task: str) -> bool:
        """RETURNS (bool): Whether a task's tower gets its gradient from this task only."""
        return not (self._pass_gradient and any(task in self.sources(t) for t in self.tasks))

    def read(self, X: Tensor, state: Tensor) -> Tensor:
        """Read the state of another task's tower.

        X (Tensor): The shared representation. *Shape:* (n_tokens, width).
        state (Tensor): The output of the tower. *Shape:* (n_tokens, width).
        RETURNS (Tensor): The same values. Without `pass_gradient`, the gradient only reaches `X`:
            what the tower adds to it is a constant. *Shape:* (n_tokens, width).
        """
        return state if self._pass_gradient else X + (state - X).detach()

    def structure(self) -> List[StructureTable]:
        values = [[float(s in self.sources(t)) for s in self.tasks] for t in self.tasks]
        note = "1 where the task of the row reads the states of the tower of the column."
        tasks = list(self.tasks)
        return [StructureTable("information passing", tasks, tasks, values, note)]
