"""Gates: weights of experts, computed from each token's vector or its document's mean."""

from typing import Any, Dict, List, Mapping, Optional, Sequence

import torch
from torch import Tensor

from ..types import StructureTable
from .by_task import ByTask
from .documents import Documents
from .network import Batch
from .running_mean import RunningMean, means_table
from .tower import SMALL

#: What a gate reads: the vector of each token, or the mean of the vectors of its document.
GATE_KINDS = ("token", "document")
NOTE = "The mean weight of each expert in a task's view, over the tokens of recent training steps."


class GateInput:
    """Vectors, and what gates read of them.

    X (Tensor): Vectors. *Shape:* (n_tokens, width).
    documents (Optional[Documents]): The documents, if gates read their means.
    """

    def __init__(self, X: Tensor, documents: Optional[Documents]) -> None:
        self.X = X
        self._documents = documents
        #: What gates read. *Shape:* (n_tokens or n_docs, width).
        self.rows = X if documents is None else documents.means(X)

    def per_token(self, values: Tensor) -> Tensor:
        """RETURNS (Tensor): The values of each token, from those of each row."""
        return values if self._documents is None else self._documents.per_token(values)

    def weights(self, gate: torch.nn.Module) -> Tensor:
        """RETURNS (Tensor): The softmax of a gate's logits. *Shape:* (n_tokens, n_experts)."""
        return self.per_token(weights_of(gate(self.rows)))


def weights_of(logits: Tensor) -> Tensor:
    """RETURNS (Tensor): The softmax of each row, in float32 if the logits are in bfloat16."""
    return (logits.float() if logits.dtype == torch.bfloat16 else logits).softmax(dim=1)


def documents_of(kind: str, X: Tensor, batch: Batch) -> Optional[Documents]:
    """RETURNS (Optional[Documents]): The documents of a batch, if the gates read their means."""
    return Documents(batch.lengths, X.device) if kind == "document" else None


class Logits(torch.nn.Linear):
    """The logits of some experts.

    width (int): The width of the vectors.
    n_experts (int): The number of experts.
    """

    def __init__(self, width: int, n_experts: int) -> None:
        super().__init__(width, n_experts)
        # All experts start with similar weights.
        torch.nn.init.normal_(self.weight, std=SMALL)
        torch.nn.init.zeros_(self.bias)


class Gate(torch.nn.Module):
    """The logits of some experts, and a record of how much they were used.

    width (int): The width of the vectors.
    n_experts (int): The number of experts.
    """

    def __init__(self, width: int, n_experts: int) -> None:
        super().__init__()
        self.logits = Logits(width, n_experts)
        self.use = RunningMean(n_experts)

    def forward(self, rows: Tensor) -> Tensor:
        """Compute the logits.

        rows (Tensor): *Shape:* (n_rows, width).
        RETURNS (Tensor): *Shape:* (n_rows, n_experts).
        """
        return self.logits(rows)


def see_weights(gates: ByTask, weights: Mapping[str, Tensor]) -> None:
    """Keep the weights of the tasks' gates in a training batch until its step closes.

    gates (ByTask): The gates, each with a `use`.
    weights (Mapping[str, Tensor]): By task. *Shape of each:* (n_tokens or 1, n_experts).
    """
    for task, each in weights.items():
        gate: Any = gates[task]
        gate.use.see(each)


def note_weights(gates: ByTask, tasks: Sequence[str]) -> None:
    """Add to the record of the gates of the tasks of a closed step."""
    for task in tasks:
        gate: Any = gates[task]
        gate.use.note_closed()


def balance_loss(weights: Sequence[Tensor]) -> Tensor:
    """Measure how unevenly experts are used, by all tasks together.

    weights (Sequence[Tensor]): The weights of each task. *Shape of each:* (n_tokens or 1,
        n_experts).
    RETURNS (Tensor): The squared coefficient of variation of the experts' mean weights, over
        tokens and tasks: 0 if they are used equally. *Shape:* ().
    SOURCE: Shazeer et al. 2017, the loss of importance, arXiv:1701.06538.
    """
    means = torch.stack([each.mean(dim=0) for each in weights]).mean(dim=0)
    return (means * means.numel() - 1).square().mean()


def gates_table(gates: ByTask, columns: List[str], title: str = "gates") -> StructureTable:
    """RETURNS (StructureTable): The mean weights of experts, a row per task."""
    with_use: Dict[str, Any] = {task: gates[task] for task in gates}
    return means_table(title, {task: gate.use for task, gate in with_use.items()}, columns, NOTE)
