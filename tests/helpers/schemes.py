"""All sharing schemes that make views by a torch network, and functions to create them."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence

import torch
from random_encoders import narrow_bert
from spacy.tokens import Doc
from spacy.vocab import Vocab
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
    is_inside (bool): Whether it is inside a transformer.
    """

    name: str
    settings: Dict[str, Any] = field(default_factory=dict)
    is_steady: bool = True
    is_inside: bool = False

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
            "tok2vec": tok2vec or self.encoder,
            **({} if self.is_inside else SMALL),
            **self.settings,
            **settings,
        }

    @property
    def encoder(self) -> Dict[str, Any]:
        """The block of an encoder that suits it."""
        if not self.is_inside:
            return CNN
        return {"@architectures": "spacy_mtl.TransformerEncoder.v1", "name": narrow_bert()}

    @property
    def is_frozen(self) -> bool:
        """Whether random embeddings aren't trained: too little to find entities from."""
        freezes = {key: value for key, value in self.settings.items() if key.startswith("freeze")}
        return any(freezes.values()) if freezes else self.name == "Adapters"

    def n_rows(self, lengths: Sequence[int]) -> int:
        """The number of rows of the features of documents."""
        # One wordpiece per token, and two special ones.
        n_more = 2 if self.is_inside and self.name != "LayerMix" else 0
        return sum(n + n_more for n in lengths if n)


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
    # A layer that is left alone by dropout has all of the weight, and its score no gradient.
    Row("LayerMix", {"layer_dropout": 0.0}, is_inside=True),
    Row("LayerMix", {"layer_dropout": 0.2, "last_weight": 0.9}, is_inside=True),
    Row("LayerMix", {"freeze_encoder": True}, is_inside=True),
    Row("PartialSharing", {"n_private": 1}, is_inside=True),
    Row("PartialSharing", {"n_private": 2, "freeze_embeddings": True}, is_inside=True),
    Row("PartialSharing", {"n_private": 1, "groups": {"a": ["tagger", "ner"]}}, is_inside=True),
    Row("Adapters", {"rank": 2, "freeze_encoder": False}, is_inside=True),
    Row("Adapters", {"rank": 2, "n_layers": 1, "targets": ["query", "value"]}, is_inside=True),
    Row("Adapters", {"rank": 2, "tasks": ["ner"], "freeze_encoder": False}, is_inside=True),
    Row("Adapters", {"kind": "bottleneck", "rank": 3, "freeze_encoder": False}, is_inside=True),
]

#: Those that stand on any encoder, and those inside of a transformer.
OUTSIDE = [row for row in ROWS if not row.is_inside]
INSIDE = [row for row in ROWS if row.is_inside]


def make_model(row: Row, tok2vec: Any = None, **settings: Any) -> Model[List[Doc], Any]:
    """The model of a scheme, around an encoder that suits it."""
    if tok2vec is None:
        tok2vec = registry.resolve({"tok2vec": row.encoder})["tok2vec"]
    block = {**row.block(**settings), "tok2vec": tok2vec}
    model: Model = registry.architectures.get(block.pop("@architectures"))(**block)
    return model


def make_network(
    row: Row, tasks: Sequence[str], n_features: int = 6, **settings: Any
) -> SharingNetwork:
    """The network of a scheme, in float64 and training mode."""
    model = make_model(row, **settings)
    if row.is_inside:
        trunk: Any = model.get_ref("tok2vec")
        trunk.initialize()
        trunk.shims[0]._model.double()
        n_features = trunk.get_dim("nO")
    shim: Any = model.get_ref("sharing").shims[0]
    shim.set_tasks(tasks)
    shim.initialize(n_features)
    network: SharingNetwork = shim.network.double()
    return network.train()


def make_batch(lengths: Sequence[int], tasks: Sequence[str], row: Optional[Row] = None) -> Batch:
    """A batch of two corpora, each annotated for other tasks."""
    corpora = ["one" if i % 2 else "two" for i in range(len(lengths))]
    annotated = [frozenset(tasks[: 1 + i % 2]) for i in range(len(lengths))]
    context = None
    if row is not None and row.is_inside:
        trunk: Any = make_model(row).get_ref("tok2vec")
        trunk.initialize()
        docs = [Doc(Vocab(), words=["a"] * n) for n in lengths]
        features, _ = trunk.begin_update(docs)
        context = features.context
    return Batch(list(lengths), Annotated(annotated, list(corpora)), context)


def make_features(
    lengths: Sequence[int], n_features: int = 6, row: Optional[Row] = None
) -> torch.Tensor:
    """Random features in float64."""
    shape = [sum(lengths), n_features]
    if row is not None and row.is_inside:
        # Embeddings and two layers.
        shape = [row.n_rows(lengths), *([3] if row.name == "LayerMix" else []), 8]
    return torch.randn(shape, dtype=torch.float64)
