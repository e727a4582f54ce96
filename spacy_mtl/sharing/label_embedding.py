"""Label embeddings: towers read the soft classes of earlier towers, by learned embeddings."""

from typing import Callable, Dict, List, Sequence

import torch
from torch import Tensor

from .by_task import ByTask
from .hierarchical import HierarchicalNetwork
from .tower import SMALL, Tower


class LabelNetwork(HierarchicalNetwork):
    """Let each task's tower read all earlier towers through a bottleneck of soft classes.

    Each tower that is read has its own classes. Their embeddings, weighted by the probabilities
    of a token, are added to what later towers start from.

    n_states (int): The number of classes.
    SOURCE: Hashimoto et al. 2017, "A Joint Many-Task Model: Growing a Neural Network for Multiple
        NLP Tasks", arXiv:1611.01587 (label embeddings). Differs: the classes are
        not the labels that heads predict but learned by the tasks that read them; embeddings are
        added, not concatenated; towers are feed-forward, on top of an encoder that all tasks
        share; no successive regularization.
    """

    def __init__(
        self,
        width: int,
        *,
        new_tower: Callable[[int], Tower],
        pass_gradient: bool,
        order: Sequence[str],
        n_states: int,
    ) -> None:
        super().__init__(width, new_tower=new_tower, pass_gradient=pass_gradient, order=order)
        self._n_states = n_states
        self.labels = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        # The last task has no labels, since nobody reads them. Where the new one goes decides
        # who needs them now.
        for each in self.ordered()[:-1]:
            if each not in self.labels:
                self.labels.add(each, LabelEmbedding(self.width, self._n_states))

    def tower_input(self, task: str, X: Tensor, states: Dict[str, Tensor]) -> Tensor:
        found = X
        for source, state in states.items():
            found = found + self.labels[source](self.read(X, state))
        return found

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        found = super().private()
        # Labels are read by all later tasks: those of the last but one by a single task.
        for source, reader in zip(self.ordered()[-2:-1], self.ordered()[-1:]):
            found.setdefault(reader, []).extend(self.labels[source].parameters())
        return found


class LabelEmbedding(torch.nn.Module):
    """Soft classes of vectors, as the expected embedding.

    width (int): The width of the vectors and embeddings.
    n_states (int): The number of classes.
    """

    def __init__(self, width: int, n_states: int) -> None:
        super().__init__()
        self.classes = torch.nn.Linear(width, n_states)
        self.embeddings = torch.nn.Linear(n_states, width, bias=False)
        torch.nn.init.normal_(self.embeddings.weight, std=SMALL)

    def forward(self, states: Tensor) -> Tensor:
        """Compute the embeddings.

        states (Tensor): The states of a tower. *Shape:* (n_tokens, width).
        RETURNS (Tensor): The expected embedding of each token. *Shape:* (n_tokens, width).
        """
        return self.embeddings(self.classes(states).softmax(dim=-1))
