"""Multi-gate mixture of experts: all tasks share experts, each mixes them by its own gate."""

from functools import partial
from typing import Any, Dict, List, Sequence, Tuple

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..registry import register
from ..scheduled import Number
from ..settings import AT_LEAST_ONE, RATE, one_of
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask
from .experts import Experts, mix
from .gates import (
    GATE_KINDS,
    Gate,
    GateInput,
    balance_loss,
    documents_of,
    gates_table,
    note_weights,
    see_weights,
)
from .hidden import Hidden
from .layer import make_network_scheme
from .network import Batch, SharingNetwork
from .strengths import read_strength

TITLE = "spacy_mtl.MMoE.v1"


@register(
    "architectures",
    TITLE,
    n_experts=AT_LEAST_ONE,
    width=AT_LEAST_ONE,
    depth=AT_LEAST_ONE,
    dropout=RATE,
    gate=one_of(GATE_KINDS),
)
def MMoE(
    tok2vec: Encoder,
    n_experts: int = 4,
    width: int = 96,
    depth: int = 1,
    dropout: float = 0.1,
    gate: str = "token",
    balance: Any = 0.0,
) -> Model[List[Doc], TokenVectors]:
    """Let each task mix the same experts by a gate of its own (multi-gate mixture of experts).

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    n_experts (int): The number of experts.
    width (int): The width of the hidden layers of each expert.
    depth (int): The number of hidden layers of each expert.
    dropout (float): Their dropout rate.
    gate (str): What gates read: the vector of each "token", or the mean over its "document".
    balance (Union[float, Iterable[float]]): The strength of the auxiliary loss "balance", which
        is 0 if all tasks together use all experts equally: a number, or a schedule of steps.
    SOURCE: Ma et al. 2018, "Modeling Task Relationships in Multi-task Learning with Multi-gate
        Mixture-of-Experts", KDD, doi:10.1145/3219819.3220007. Differs: experts are residual
        bottlenecks, so that the first views are close to the shared representation; the balance
        loss is that of Shazeer et al. 2017, arXiv:1701.06538.
    """
    build = partial(
        MMoENetwork,
        n_experts=n_experts,
        hidden=Hidden(width, depth, dropout),
        gate=gate,
        balance=read_strength("balance", balance, TITLE),
    )
    return make_network_scheme(TITLE, tok2vec, build)


class MMoENetwork(SharingNetwork):
    """The network of `MMoE`: see there.

    width (int): The width of the shared representation.
    """

    def __init__(
        self,
        width: int,
        *,
        n_experts: int,
        hidden: Hidden,
        gate: str,
        balance: Number,
    ) -> None:
        super().__init__(TITLE, width, {"balance": balance})
        self.gate_kind = gate
        self.experts = Experts(n_experts, width, hidden)
        self.gates = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.gates.add(task, Gate(self.width, self.experts.n))

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        read = GateInput(X, documents_of(self.gate_kind, X, batch))
        weights = {task: read.weights(self.gates[task]) for task in tasks}
        states = self.experts(X)
        views = {task: mix(X, [self.experts], [states], weights[task]) for task in tasks}
        if not self.training:
            return views, {}
        see_weights(self.gates, weights)
        if not self.strength("balance"):
            return views, {}
        return views, {"balance": balance_loss(list(weights.values()))}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {task: list(self.gates[task].parameters()) for task in self.gates}

    def note_closed(self, tasks: Sequence[str]) -> None:
        note_weights(self.gates, tasks)
        super().note_closed(tasks)

    def structure(self) -> List[StructureTable]:
        columns = [f"expert {i + 1}" for i in range(self.experts.n)]
        return [gates_table(self.gates, columns)]
