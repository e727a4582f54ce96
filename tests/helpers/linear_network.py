"""A pipeline of linear heads on a tiny torch encoder, and the same in torch and float64."""

import copy
from typing import Any, Dict, List, Optional

import numpy
import torch
from spacy.language import Language
from thinc.api import Model, fix_random_seed, torch2xp, xp2torch
from thinc.shims import PyTorchShim
from tiny_corpus import make_examples

from spacy_mtl.joint.component import MultiTask
from spacy_mtl.registry import registry
from spacy_mtl.sharing.hard import HardSharing


class TorchNetwork:
    """The tagging heads and the CNN-free encoder of a pipeline once more, in torch and float64.

    The encoder is a table of vectors and a linear layer with tanh; each head is linear, with a
    softmax: what `make_linear_nlp` builds of thinc layers.
    """

    def __init__(self, nlp: Language, n_tasks: int) -> None:
        table, linear = nlp.get_pipe("mtl").model.get_ref("tok2vec").shims[0]._model
        self.encoder = copy.deepcopy(torch.nn.Sequential(table, linear)).double()
        self.heads = []
        for i in range(n_tasks):
            output = nlp.get_pipe(f"t{i}").model.get_ref("output_layer")
            w, b = (torch.tensor(output.get_param(k), dtype=torch.float64) for k in ("W", "b"))
            self.heads.append((w, b))

    def features(self, ids: Any) -> Any:
        return torch.tanh(self.encoder(ids))

    def losses(self, features: Any, gold: List[Any]) -> List[Any]:
        cross_entropy = torch.nn.functional.cross_entropy
        return [cross_entropy(features @ w.T + b, y) for (w, b), y in zip(self.heads, gold)]

    def gradient(self) -> numpy.ndarray:
        rows = [p.grad.ravel().numpy() for p in self.encoder.parameters()]
        return numpy.concatenate(rows)


def make_table() -> Model:
    """An embedding and a linear layer with tanh, in torch."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Embedding(97, 12), torch.nn.Linear(12, 8))

    def forward(model: Model, docs: Any, is_train: bool) -> Any:
        ids = [token.orth % 97 for doc in docs for token in doc]
        vectors = torch.tanh(model.shims[0]._model(torch.tensor(ids)))
        lengths = model.ops.asarray1i([len(doc) for doc in docs])

        def backprop(d_outputs: Any) -> Any:
            torch.autograd.backward(vectors, xp2torch(model.ops.xp.concatenate(d_outputs)))
            return docs

        return model.ops.unflatten(torch2xp(vectors.detach()), lengths), backprop

    return Model("table", forward, shims=[PyTorchShim(module)], dims={"nO": 8})


def make_linear_nlp(
    n_tasks: int, level: str, weighting: Dict[str, Any], scheme: Optional[Model] = None
) -> Language:
    """A pipeline of several tagging heads on `make_table`, by hard sharing or another scheme."""
    model = HardSharing(make_table()) if scheme is None else scheme
    nlp = Language()
    resolved = registry.resolve({"weighting": weighting})["weighting"]
    Language.factory(
        "mtl_for_golden",
        func=lambda nlp, name: MultiTask(
            nlp.vocab, model, "mtl", weighting=resolved, gradients=level, nlp=nlp
        ),
    )
    nlp.add_pipe("mtl_for_golden", name="mtl")
    for i in range(n_tasks):
        nlp.add_pipe("mtl_tagger", name=f"t{i}")
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    rng = numpy.random.default_rng(0)
    for i in range(n_tasks):
        output = nlp.get_pipe(f"t{i}").model.get_ref("output_layer")
        # Heads that differ, so that gradients do, in length and direction.
        shape = output.get_param("W").shape
        scale = 0.3 + 0.3 * i
        output.set_param("W", (scale * rng.standard_normal(shape)).astype("float32"))
    return nlp
