"""Hierarchical information passing: the tower of each task stands on that of the task before."""

from typing import Callable, Dict, List, Sequence, Tuple

import torch
from torch import Tensor

from .network import Batch
from .passing import PassingNetwork
from .tower import Tower


class HierarchicalNetwork(PassingNetwork):
    """Let each task's tower read the state of the tower before it.

    Towers are residual, so this state also has what all earlier towers have added to the shared
    representation.

    order (Sequence[str]): The tasks, the lowest first. Tasks that it doesn't name come last, in
        the order in which they were added.
    SOURCE: Søgaard & Goldberg 2016, "Deep multi-task learning with low level tasks supervised at
        lower layers" (ACL, no arXiv version); Sanh et al. 2019, "A Hierarchical Multi-task
        Approach for Learning Embeddings from Semantic Tasks", arXiv:1811.06031. Differs:
        feed-forward towers on top of an encoder that all tasks share, instead of its recurrent
        layers; each tower adds to its input, where Sanh et al. concatenate.
    """

    def __init__(
        self,
        width: int,
        *,
        new_tower: Callable[[int], Tower],
        pass_gradient: bool,
        order: Sequence[str],
    ) -> None:
        super().__init__(width, new_tower=new_tower, pass_gradient=pass_gradient)
        self._order = list(order)

    def ordered(self) -> List[str]:
        """RETURNS (List[str]): The tasks, the lowest first."""
        known = [task for task in self._order if task in self.tasks]
        return known + [task for task in self.tasks if task not in known]

    def sources(self, task: str) -> List[str]:
        ordered = self.ordered()
        return ordered[: ordered.index(task)]

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        ordered = self.ordered()
        highest = max((ordered.index(task) for task in tasks), default=-1)
        states: Dict[str, Tensor] = {}
        for task in ordered[: highest + 1]:
            states[task] = self.towers[task](self.tower_input(task, X, states))
        return {task: states[task] for task in tasks}, {}

    def tower_input(self, task: str, X: Tensor, states: Dict[str, Tensor]) -> Tensor:
        """Compute what a task's tower starts from.

        task (str): The task.
        X (Tensor): The shared representation. *Shape:* (n_tokens, width).
        states (Dict[str, Tensor]): The states of all earlier towers, by task, in order.
            *Shape:* (n_tokens, width).
        RETURNS (Tensor): The input of the tower. *Shape:* (n_tokens, width).
        """
        return self.read(X, list(states.values())[-1]) if states else X

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {
            task: list(self.towers[task].parameters())
            for task in self.tasks
            if self.is_private(task)
        }

    def rename_task(self, old: str, new: str) -> None:
        if old in self._order:
            raise ValueError(
                f"The component '{old}' was renamed '{new}', but 'order' of {self.title} names "
                f"'{old}'. Rename it back, or set 'order' in {self.where} of the saved config, and "
                "load it again."
            )

    def check_tasks(self, tasks: Sequence[str]) -> None:
        super().check_tasks(tasks)
        if not self._order:
            return
        order, found = self._order, ", ".join(tasks)
        twice = [task for i, task in enumerate(order) if task in order[:i]]
        unknown = [task for task in order if task not in tasks]
        left_out = [task for task in tasks if task not in order]
        if twice:
            problem = f"names '{twice[0]}' twice. It must name each task once"
        elif unknown:
            problem = f"names '{unknown[0]}', but the tasks of this pipeline are: {found}"
        elif left_out:
            problem = (
                f"leaves out '{left_out[0]}'. It must name each task of this pipeline ({found}), "
                "or be [] for pipeline order"
            )
        else:
            return
        raise ValueError(f"'order' of {self.title} {problem}. Fix it in {self.where}.")
