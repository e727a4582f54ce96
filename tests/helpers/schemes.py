"""All sharing schemes that make views by a torch network, and functions to create them."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Sequence

import torch
from spacy.tokens import Doc
from thinc.api import Model
from tiny_pipelines import CNN

from spacy_mtl.registry import registry
from spacy_mtl.sharing.network import Batch, SharingNetwork
from spacy_mtl.types import Annotated

#: Small sizes, so that finite differences are quick.
SMALL: Dict[str, Any] = {"width": 3, "dropout": 0.0}


@dataclass(frozen=True)
class Row:
    """A scheme with some settings.

    name (str): As "spacy_mtl.NAME.v1" is registered.
    settings (Dict[str, Any]): The settings that differ from the defaults. Sizes are small.
    is_steady (bool): Whether a new task leaves the views of others exactly as they are.
    """

    name: str
    settings: Dict[str, Any] = field(default_factory=dict)
    is_steady: bool = True

    @property
    def title(self) -> str:
        return f"spacy_mtl.{self.name}.v1"

    @property
    def id(self) -> str:
        return ",".join([self.name, *(f"{k}={v}" for k, v in self.settings.items())])

    def block(self, tok2vec: Any = None, **settings: Any) -> Dict[str, Any]:
        """The block of the scheme in a config."""
        return {
            "@architectures": self.title,
            "tok2vec": tok2vec or CNN,
            **SMALL,
            **self.settings,
            **settings,
        }


#: Every scheme, with each of its settings that changes what is computed.
ROWS: List[Row] = [
    Row("SharedPrivate"),
    Row("SharedPrivate", {"adversary": "corpus", "merge": "concat", "depth": 2}),
    Row("InformationPassing"),
    Row("InformationPassing", {"method": "labels", "n_states": 3}),
    Row("InformationPassing", {"method": "attention"}),
    Row("LearnedBranching", {"n_towers": 2}),
    Row("LearnedBranching", {"n_towers": 3, "n_levels": 1}),
    Row("TaskAttention"),
    Row("TaskAttention", {"depth": 2}),
    Row("MMoE"),
    Row("MMoE", {"n_experts": 3, "depth": 2, "gate": "document", "balance": 0.5}),
    Row("CGC"),
    Row("CGC", {"n_shared": 1, "n_private": 2, "gate": "document", "balance": 0.5}),
    # All tasks read the lower experts of all.
    Row("PLE", is_steady=False),
    Row(
        "PLE",
        {"n_levels": 3, "n_shared": 1, "gate": "document", "balance": 0.5},
        is_steady=False,
    ),
    Row("DSelectK", {"entropy": 0.5}),
    Row("DSelectK", {"n_experts": 3, "gate": "token", "gamma": 2.0, "balance": 0.5}),
    Row("DSelectK", {"n_experts": 5, "gate": "document", "entropy": 0.5}),
    Row("SoftSharing"),
    Row("SoftSharing", {"penalty": "trace_norm", "depth": 2}),
    Row("TaskRelation"),
    Row("TaskRelation", {"depth": 2}),
    Row("CrossStitch"),
    Row("CrossStitch", {"depth": 2, "own_weight": 0.5, "stitch_rate_scale": 1.0}),
    Row("Sluice", {"width": 4}),
    Row("Sluice", {"width": 3, "n_subspaces": 3, "depth": 1, "stitch_rate_scale": 1.0}),
    Row("Sluice", {"width": 2, "n_subspaces": 1, "orthogonality": 0}),
]


def make_model(row: Row, tok2vec: Any = None, **settings: Any) -> Model[List[Doc], Any]:
    """The model of a scheme, around an encoder, by default a CNN."""
    if tok2vec is None:
        tok2vec = registry.resolve({"tok2vec": CNN})["tok2vec"]
    block = {**row.block(**settings), "tok2vec": tok2vec}
    model: Model = registry.architectures.get(block.pop("@architectures"))(**block)
    return model


def make_network(
    row: Row, tasks: Sequence[str], n_features: int = 6, **settings: Any
) -> SharingNetwork:
    """The network of a scheme, in float64 and training mode."""
    shim: Any = make_model(row, **settings).get_ref("sharing").shims[0]
    shim.set_tasks(tasks)
    shim.initialize(n_features)
    network: SharingNetwork = shim.network.double()
    return network.train()


def make_batch(lengths: Sequence[int], tasks: Sequence[str]) -> Batch:
    """A batch of two corpora, each annotated for other tasks."""
    corpora = ["one" if i % 2 else "two" for i in range(len(lengths))]
    annotated = [frozenset(tasks[: 1 + i % 2]) for i in range(len(lengths))]
    return Batch(list(lengths), Annotated(annotated, list(corpora)))


def make_features(lengths: Sequence[int], n_features: int = 6) -> torch.Tensor:
    """Random features in float64."""
    return torch.randn(sum(lengths), n_features, dtype=torch.float64)
