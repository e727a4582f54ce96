"""A sharing scheme for tests that claims to have learned what it always claims."""

from functools import partial
from typing import Any, Dict, List, Sequence, Tuple

import spacy
import torch
from spacy.language import Language
from spacy.util import registry
from tiny_corpus import make_examples
from tiny_pipelines import CNN, HEADS, constant
from torch import Tensor

from spacy_mtl.scheduled import Number
from spacy_mtl.sharing.by_task import ByTask
from spacy_mtl.sharing.layer import make_network_scheme
from spacy_mtl.sharing.network import Batch, SharingNetwork
from spacy_mtl.sharing.strengths import read_strength
from spacy_mtl.types import StructureTable

TITLE = "tests.FixedStructure.v1"
WITHOUT_TABLES = "tests.WithoutTables.v1"
RELATIONS = StructureTable(
    title="relations",
    rows=["tagger", "ner", "textcat"],
    columns=["tagger", "ner", "textcat"],
    values=[[1.0, 0.75, -0.5], [0.75, 1.0, 0.125], [-0.5, 0.125, 1.0]],
    note="The correlation of the tasks, from -1 to 1.",
)
TREE = StructureTable(
    title="tree",
    rows=["tagger", "ner", "textcat"],
    columns=["branch 0", "branch 1"],
    values=[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]],
    note="Tasks with a 1 in the same column share that branch.",
)


@registry.architectures(TITLE)
def FixedStructure(tok2vec: Any, strength: Any = 0.0) -> Any:
    number = read_strength("strength", strength, TITLE)
    return make_network_scheme(TITLE, tok2vec, partial(FixedNetwork, strength=number))


@registry.architectures(WITHOUT_TABLES)
def WithoutTables(tok2vec: Any) -> Any:
    build = partial(FixedNetwork, strength=0.0, tables=())
    return make_network_scheme(WITHOUT_TABLES, tok2vec, build)


class FixedNetwork(SharingNetwork):
    """A layer for all tasks, and one for each. The loss "size" is a mean over all values."""

    def __init__(
        self,
        width: int,
        *,
        strength: Number,
        tables: Sequence[StructureTable] = (RELATIONS, TREE),
    ) -> None:
        super().__init__(TITLE, width, {"size": strength})
        self.tables = list(tables)
        self.shared = torch.nn.Linear(width, width)
        self.own = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.own.add(task, torch.nn.Linear(self.width, self.width, bias=False))

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        common = self.shared(X)
        views = {task: self.own[task](common) for task in tasks}
        is_penalized = self.training and self.strength("size")
        return views, {"size": (common**2).mean()} if is_penalized else {}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {task: list(self.own[task].parameters()) for task in self.own}

    def structure(self) -> List[StructureTable]:
        return self.tables

    def relations(self) -> Dict[str, Dict[str, float]]:
        return {
            row: dict(zip(RELATIONS.columns, values))
            for row, values in zip(RELATIONS.rows, RELATIONS.values)
        }


def make_sharing(architecture: str = TITLE, *, name: str = "mtl", **settings: Any) -> Language:
    """Three heads on a CNN, with some sharing scheme and equal weights."""
    model = {"@architectures": architecture, "tok2vec": CNN, **settings}
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl", name=name, config={"model": model, "weighting": constant()})
    for head, factory in HEADS.items():
        listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": name}
        nlp.add_pipe(factory, name=head, config={"model": {"tok2vec": listener}})
    nlp.initialize(lambda: make_examples(nlp))
    return nlp
