"""DSelect-k: each task chooses a few of the shared experts."""

from functools import partial
from typing import Any, Callable, Dict, List, Sequence, Tuple

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..registry import block_of, register
from ..scheduled import Number
from ..settings import ABOVE_ZERO, AT_LEAST_ONE, RATE, one_of
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask
from .experts import Experts, mix
from .gates import GateInput, balance_loss, documents_of, gates_table, note_weights, see_weights
from .hidden import Hidden
from .layer import make_network_scheme
from .network import Batch, SharingNetwork
from .selection import RowLogits, Selection, SelectionGate, StaticLogits
from .strengths import read_strength

TITLE = "spacy_mtl.DSelectK.v1"

#: "task": the choice is the same for all tokens.
SELECTION_KINDS = ("task", "token", "document")


@register(
    "architectures",
    TITLE,
    n_experts=AT_LEAST_ONE,
    n_selected=AT_LEAST_ONE,
    width=AT_LEAST_ONE,
    depth=AT_LEAST_ONE,
    dropout=RATE,
    gate=one_of(SELECTION_KINDS),
    gamma=ABOVE_ZERO,
)
def DSelectK(
    tok2vec: Encoder,
    n_experts: int = 4,
    n_selected: int = 2,
    width: int = 96,
    depth: int = 1,
    dropout: float = 0.1,
    gate: str = "task",
    gamma: float = 1.0,
    entropy: Any = 0.01,
    balance: Any = 0.0,
) -> Model[List[Doc], TokenVectors]:
    """Let each task choose a few of the same experts (DSelect-k). The choice is soft at first.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    n_experts (int): The number of experts.
    n_selected (int): The number of experts that a task chooses at most.
    width (int): The width of the hidden layers of each expert.
    depth (int): The number of hidden layers of each expert.
    dropout (float): Their dropout rate.
    gate (str): Whether experts are chosen once per "task", or for each "token" or "document", by
        the mean of its vectors.
    gamma (float): The width of the range in which a choice is soft.
    entropy (Union[float, Iterable[float]]): The strength of the auxiliary loss "entropy", which
        makes gates choose: the mean entropy per selector, token and task, in nats; a number, or a
        schedule of steps. Raise it if more experts than `n_selected` keep a weight.
    balance (Union[float, Iterable[float]]): The strength of the auxiliary loss "balance", which
        is 0 if all tasks together use all experts equally: a number, or a schedule of steps.
    RAISES (ValueError): If more experts are chosen than there are.
    SOURCE: Hazimeh et al. 2021, "DSelect-k: Differentiable Selection in the Mixture of Experts with
        Applications to Multi-Task Learning", arXiv:2106.03760. Differs: if the number of experts is
        not a power of two, surplus codes stand for the first experts again, instead of a penalty
        that keeps away from them; the entropy is a mean, not a sum; the values of static gates are
        scaled, to choose at learning rates of pretrained encoders; experts are residual
        bottlenecks, so that the first views are close to the shared representation; the balance
        loss is that of Shazeer et al. 2017, arXiv:1701.06538.
    """
    if n_selected > n_experts:
        raise ValueError(
            f"'n_selected' of {TITLE} is {n_selected}, but there are only {n_experts} experts. "
            f"Lower it, or raise 'n_experts', in {block_of(TITLE)}."
        )
    build = partial(
        DSelectKNetwork,
        n_experts=n_experts,
        n_selected=n_selected,
        hidden=Hidden(width, depth, dropout),
        gate=gate,
        gamma=gamma,
        entropy=read_strength("entropy", entropy, TITLE),
        balance=read_strength("balance", balance, TITLE),
    )
    return make_network_scheme(TITLE, tok2vec, build)


class DSelectKNetwork(SharingNetwork):
    """The network of `DSelectK`: see there.

    width (int): The width of the shared representation.
    """

    def __init__(
        self,
        width: int,
        *,
        n_experts: int,
        n_selected: int,
        hidden: Hidden,
        gate: str,
        gamma: float,
        entropy: Number,
        balance: Number,
    ) -> None:
        super().__init__(TITLE, width, {"entropy": entropy, "balance": balance})
        self.gate_kind = gate
        self._sizes = n_experts, n_selected, gamma
        self.experts = Experts(n_experts, width, hidden)
        self.gates = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        make: Callable[[int, float], torch.nn.Module]
        make = StaticLogits if self.gate_kind == "task" else partial(RowLogits, self.width)
        self.gates.add(task, SelectionGate(*self._sizes, make))

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        by_document = self.gate_kind == "document"
        read = GateInput(X, documents_of("document", X, batch) if by_document else None)
        choices: Dict[str, Selection] = {task: self.gates[task](read.rows) for task in tasks}
        weights = {task: read.per_token(choice.weights) for task, choice in choices.items()}
        states = self.experts(X)
        views = {task: mix(X, [self.experts], [states], weights[task]) for task in tasks}
        losses: Dict[str, Tensor] = {}
        if self.training:
            see_weights(self.gates, weights)
            if self.strength("balance"):
                losses["balance"] = balance_loss(list(weights.values()))
            if self.strength("entropy"):
                per_token = [read.per_token(choice.entropy) for choice in choices.values()]
                losses["entropy"] = torch.stack([each.mean() for each in per_token]).mean()
        return views, losses

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {task: list(self.gates[task].parameters()) for task in self.gates}

    def note_closed(self, tasks: Sequence[str]) -> None:
        note_weights(self.gates, tasks)
        super().note_closed(tasks)

    def structure(self) -> List[StructureTable]:
        columns = [f"expert {i + 1}" for i in range(self.experts.n)]
        return [gates_table(self.gates, columns)]
