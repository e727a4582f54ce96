"""Soft parameter sharing: a tower per task, and a penalty that ties the towers to each other."""

from functools import partial
from typing import Any, Callable, Dict, List, Sequence, Tuple

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..registry import register
from ..scheduled import Number
from ..settings import AT_LEAST_ONE, RATE, one_of
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask
from .hidden import Hidden
from .layer import make_network_scheme
from .network import Batch, SharingNetwork
from .strengths import read_strength
from .tower import Tower
from .trace_norm import trace_norm

TITLE = "spacy_mtl.SoftSharing.v1"


def squared_distance(stacked: Tensor) -> Tensor:
    """Compute the mean squared distance over pairs of tasks.

    stacked (Tensor): Corresponding parameters of all tasks. *Shape:* (n_tasks, ...).
    RETURNS (Tensor): The squared Euclidean distance, averaged over pairs. *Shape:* ().
    """
    # The sum over pairs is that of the squared distances from the mean, times the tasks.
    from_mean = stacked - stacked.mean(dim=0, keepdim=True)
    return 2 / (len(stacked) - 1) * (from_mean**2).sum()


#: The penalties, by the name of the auxiliary loss.
PENALTIES: Dict[str, Callable[[Tensor], Tensor]] = {
    "distance": squared_distance,
    "trace_norm": trace_norm,
}


@register(
    "architectures",
    TITLE,
    penalty=one_of(PENALTIES),
    width=AT_LEAST_ONE,
    depth=AT_LEAST_ONE,
    dropout=RATE,
)
def SoftSharing(
    tok2vec: Encoder,
    penalty: str = "distance",
    strength: Any = 0.01,
    width: int = 96,
    depth: int = 1,
    dropout: float = 0.1,
) -> Model[List[Doc], TokenVectors]:
    """Give each task a tower of its own, and keep the parameters of the towers near each other.

    All towers start with the same values. The hidden units of towers with different ones would
    have no order in common, and a penalty would tie units that do unrelated things. A task that is
    added later starts at the mean of the other towers. With a strength of 0, the towers are
    trained separately.

    The penalty is a sum over the parameters, so its gradient doesn't depend on their number. It
    moves only the towers of tasks that are present in a step; for these, the others are constant.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    penalty (str): "distance": the squared Euclidean distance of corresponding parameters, averaged
        over pairs of tasks. "trace_norm": the tensor trace norm of the stacked parameters, which
        also makes them smaller. It is the name of the auxiliary loss.
    strength (Union[float, Iterable[float]]): The weight of the penalty, >= 0: a number or a
        schedule of steps.
    width (int): The width of the hidden layers.
    depth (int): The number of layers.
    dropout (float): The dropout rate of the hidden layers.
    RAISES (ValueError): If the penalty is unknown, or the strength below 0.
    SOURCE: Duong et al. 2015, "Low Resource Dependency Parsing: Cross-lingual Parameter Sharing in
        a Neural Network Parser", ACL P15-2139 (distance). Differs: the towers are on top of a
        shared encoder, and none of them is fixed. Yang and Hospedales 2017, "Trace Norm
        Regularised Deep Multi-Task Learning", arXiv:1606.04038 (trace norm, "Tucker"). Differs:
        the mean over the unfoldings, smoothed; towers don't start from those of single tasks.
    """
    build = partial(
        SoftNetwork,
        penalty=penalty,
        strength=read_strength("strength", strength, TITLE),
        hidden=Hidden(width, depth, dropout),
    )
    return make_network_scheme(TITLE, tok2vec, build)


class SoftNetwork(SharingNetwork):
    """The network of `SoftSharing`: see there.

    width (int): The width of the shared representation.
    """

    def __init__(
        self,
        width: int,
        *,
        penalty: str,
        strength: Number,
        hidden: Hidden,
    ) -> None:
        super().__init__(TITLE, width, {penalty: strength})
        self.penalty = penalty
        self._hidden = hidden
        self.towers = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        tower = Tower(self.width, self._hidden)
        if len(self.tasks) > 1:
            with torch.no_grad():
                for own, *others in zip(tower.parameters(), *self._parameters_by_task()):
                    own.copy_(torch.stack(others).mean(dim=0))
        self.towers.add(task, tower)

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        views = {task: self.towers[task](X) for task in tasks}
        if not self.training or not self.strength(self.penalty):
            return views, {}
        with torch.autocast(X.device.type, enabled=False):
            return views, {self.penalty: self._sum(PENALTIES[self.penalty])}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {task: list(self.towers[task].parameters()) for task in self.towers}

    def structure(self) -> List[StructureTable]:
        with torch.no_grad():
            values = [[self._distance(a, b) for b in self.tasks] for a in self.tasks]
        note = "The Euclidean distance between the parameters of two towers."
        return [StructureTable("distances", list(self.tasks), list(self.tasks), values, note)]

    def _parameters_by_task(self) -> List[List[torch.nn.Parameter]]:
        return [list(self.towers[task].parameters()) for task in self.towers]

    def _sum(self, penalty: Callable[[Tensor], Tensor]) -> Tensor:
        groups = zip(*self._parameters_by_task())
        return torch.stack([penalty(torch.stack(group)) for group in groups]).sum()

    def _distance(self, one: str, other: str) -> float:
        pairs = zip(self.towers[one].parameters(), self.towers[other].parameters())
        return float(torch.stack([((a - b) ** 2).sum() for a, b in pairs]).sum().sqrt())
