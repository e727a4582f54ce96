"""Task relation learning: a covariance over the tasks' towers, learned with them."""

from functools import partial
from typing import Any, Dict, List, Sequence, Tuple, cast

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..registry import register
from ..scheduled import Number
from ..settings import AT_LEAST_ONE, RATE
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask
from .hidden import Hidden
from .layer import make_network_scheme
from .matrix_root import gram, root
from .network import Batch, SharingNetwork
from .strengths import read_strength
from .tower import SMALL

TITLE = "spacy_mtl.TaskRelation.v1"
LOSS = "relation"
#: The share of the identity in the covariance that the regularizer inverts.
SHRINKAGE = 0.1


@register("architectures", TITLE, width=AT_LEAST_ONE, depth=AT_LEAST_ONE, dropout=RATE)
def TaskRelation(
    tok2vec: Encoder,
    strength: Any = 0.001,
    width: int = 96,
    depth: int = 1,
    dropout: float = 0.1,
) -> Model[List[Doc], TokenVectors]:
    """Give each task a tower of its own, and learn which tasks' towers are related.

    A regularizer makes the towers small, and those of related tasks similar. How related the tasks
    are is learned: it is the covariance of the towers, updated when a step closes. It is that of
    the towers which the step used, so it is one update behind.

    All towers compute the same hidden features, and each has its own matrix U from hidden features
    to its output. Heads start at random, so what one tower writes to its output has no meaning for
    the others. The covariance therefore compares which hidden features the towers read, and how
    strongly: the root of U^T U, which is U up to a rotation of the output. It is as large as U, so
    the regularizer has the same size as with U itself. Correlations are near 0 if two tasks read
    different features, 1 if they read the same ones, and hardly ever negative. They mean little
    while the towers have learned little, such as for tasks that the shared representation already
    solves.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    strength (Union[float, Iterable[float]]): The weight of the regularizer, >= 0: a number or a
        schedule of steps. With 0, the covariance is still computed.
    width (int): The width of the hidden layers.
    depth (int): The number of layers.
    dropout (float): The dropout rate of the hidden layers.
    RAISES (ValueError): If the strength is below 0.
    SOURCE: Zhang and Yeung 2010, "A Convex Formulation for Learning Task Relationships in
        Multi-Task Learning", arXiv:1203.3536. Differs: the towers are not linear, they are
        compared up to rotation, the covariance is updated at each gradient step, and a tenth of
        the identity is mixed into the one that is inverted. Long et al. 2017, "Learning Multiple
        Tasks with Multilinear Relationship Networks", arXiv:1506.02117, has it in deep networks.
        Differs: without covariances of features and classes.
    """
    build = partial(
        RelationNetwork,
        strength=read_strength("strength", strength, TITLE),
        hidden=Hidden(width, depth, dropout),
    )
    return make_network_scheme(TITLE, tok2vec, build)


class RelationNetwork(SharingNetwork):
    """The network of `TaskRelation`: see there.

    width (int): The width of the shared representation.
    """

    covariance: Tensor

    def __init__(self, width: int, *, strength: Number, hidden: Hidden) -> None:
        super().__init__(TITLE, width, {LOSS: strength})
        self._n_hidden = hidden.width
        self.down = torch.nn.ModuleList(
            torch.nn.Linear(width, hidden.width) for _ in range(hidden.depth)
        )
        self.dropout = torch.nn.Dropout(hidden.dropout)
        self.up = ByTask()
        # Not divided by its trace, so that it keeps its values when it grows.
        self.register_buffer("covariance", torch.zeros(0, 0))

    def add_task(self, task: str) -> None:
        super().add_task(task)
        up = [_make_up(self._n_hidden, self.width) for _ in self.down]
        self.up.add(task, torch.nn.ModuleList(up))
        with torch.no_grad():
            size = self._read([task]).norm()
        n_old = len(self.tasks) - 1
        grown = self.covariance.new_zeros(n_old + 1, n_old + 1)
        grown[:n_old, :n_old] = self.covariance
        grown[n_old, n_old] = size
        self.covariance = grown

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        first = self._states(0, X)
        views = {task: self._view(task, X, first) for task in tasks}
        if not self.training or not self.strength(LOSS):
            return views, {}
        with torch.autocast(X.device.type, enabled=False):
            return views, {LOSS: (self._inverse() * gram(self._read(self.tasks))).sum()}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {task: list(self.up[task].parameters()) for task in self.up}

    def note_closed(self, tasks: Sequence[str]) -> None:
        with torch.no_grad():
            self.covariance = root(gram(self._read(self.tasks)))
        super().note_closed(tasks)

    def relations(self) -> Dict[str, Dict[str, float]]:
        """RETURNS (Dict[str, Dict[str, float]]): The correlation of each task with each task."""
        deviations = self.covariance.diagonal().sqrt()
        found = (self.covariance / deviations / deviations.unsqueeze(-1)).clamp(-1, 1)
        # Rounded, it is neither exactly symmetric nor exactly 1 for a task with itself.
        found = ((found + found.T) / 2).fill_diagonal_(1)
        return {task: dict(zip(self.tasks, row)) for task, row in zip(self.tasks, found.tolist())}

    def structure(self) -> List[StructureTable]:
        values = [list(row.values()) for row in self.relations().values()]
        note = "The correlation of two tasks: near 0 if they read different features, at most 1."
        return [StructureTable("relations", list(self.tasks), list(self.tasks), values, note)]

    def _states(self, layer: int, X: Tensor) -> Tensor:
        hidden: Tensor = self.dropout(torch.nn.functional.gelu(self.down[layer](X)))
        return hidden

    def _view(self, task: str, X: Tensor, hidden: Tensor) -> Tensor:
        for i, up in enumerate(self.up[task].children()):
            X = X + up(self._states(i, X) if i else hidden)
        return X

    def _read(self, tasks: Sequence[str]) -> Tensor:
        """RETURNS (Tensor): What the towers read. *Shape:* (n_tasks, depth * hidden width ** 2)."""
        weights = [
            [cast(torch.nn.Linear, up).weight.T for up in self.up[task].children()]
            for task in tasks
        ]
        return root(gram(torch.stack([torch.stack(each) for each in weights]))).flatten(1)

    def _inverse(self) -> Tensor:
        """RETURNS (Tensor): The inverse covariance, with a trace of 1 before it is inverted."""
        one = torch.eye(len(self.tasks), dtype=self.covariance.dtype, device=self.covariance.device)
        scaled = self.covariance / self.covariance.trace()
        return torch.linalg.inv((1 - SHRINKAGE) * scaled + SHRINKAGE / len(self.tasks) * one)


def _make_up(hidden_width: int, width: int) -> torch.nn.Linear:
    up = torch.nn.Linear(hidden_width, width)
    # Of rank 1, so that each tower starts to read a single random feature: two random matrices of
    # full rank would read all of them, as if the tasks were related. Smaller than in other towers,
    # so that what is learned soon counts for more.
    start = torch.outer(torch.randn(width), torch.randn(hidden_width))
    with torch.no_grad():
        up.weight.copy_(SMALL / 10 * start)
    torch.nn.init.zeros_(up.bias)
    return up
