"""Every scheme in a pipeline: gradients of encoder and scheme equal autograd on the same graph."""

import copy
from typing import Any, Dict, List, Optional, Sequence

import numpy
import pytest
import torch
from linear_network import make_linear_nlp, make_table
from methods import block
from schemes import OUTSIDE, Row, make_model
from spacy.language import Language
from spacy.training import Example
from thinc.api import Model
from tiny_corpus import make_examples

from spacy_mtl.joint.annotated import annotated_tasks
from spacy_mtl.parameters import Slot, slots_of_model, unique
from spacy_mtl.sharing.contract import private_slots, scheme_of, shared_slots
from spacy_mtl.sharing.network import Batch

TASKS = ["t0", "t1", "t2"]

pytestmark = pytest.mark.filterwarnings("ignore:The heads .* both set")


def gradient(value: Any, at: Sequence[Any], d_value: Any = None) -> List[Any]:
    """The gradient at each tensor: zeros where the value doesn't depend on it."""
    found = torch.autograd.grad(value, at, d_value, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(p) if d is None else d for p, d in zip(at, found)]


def flat(tensors: Sequence[Any]) -> Any:
    return torch.cat([tensor.reshape(-1) for tensor in tensors]) if tensors else torch.zeros(0)


class Graph:
    """The same pipeline as a single torch graph."""

    def __init__(self, nlp: Language) -> None:
        mtl: Any = nlp.get_pipe("mtl")
        self.sharing: Model = mtl.model.get_ref("sharing")
        self.encoder = copy.deepcopy(mtl.model.get_ref("tok2vec").shims[0]._model)
        self.network: Any = copy.deepcopy(self.sharing.shims[0]).network.train()  # type: ignore
        self.parameters = dict(self.network.named_parameters())
        self.heads = {}
        for task in TASKS:
            output = nlp.get_pipe(task).model.get_ref("output_layer")  # type: ignore
            self.heads[task] = [torch.tensor(output.get_param(key)) for key in ("W", "b")]

    def run(self, nlp: Language, examples: Sequence[Any]) -> None:
        mtl: Any = nlp.get_pipe("mtl")
        labels = nlp.get_pipe("t0").labels  # type: ignore
        words = [token for eg in examples for token in eg.reference]
        ids = torch.tensor([token.orth % 97 for token in words])
        gold = torch.tensor([labels.index(token.tag_) for token in words])
        self.features = torch.tanh(self.encoder(ids))
        annotated = annotated_tasks(list(examples), TASKS, mtl._pipeline.adapters())
        batch = Batch([len(eg.reference) for eg in examples], annotated)
        views, losses = self.network(self.features, batch, TASKS)
        self.losses = {
            task: torch.nn.functional.cross_entropy(views[task] @ W.T + b, gold)
            for task, (W, b) in self.heads.items()
        }
        strengths = scheme_of(self.sharing).strengths()
        parts = [strengths[name] * loss for name, loss in losses.items()]
        self.auxiliary: Optional[Any] = sum(parts) if parts else None

    def of(self, slots: Sequence[Slot]) -> List[Any]:
        """The tensors of some slots of the scheme."""
        return [self.parameters[slot.name] for slot in slots]

    def of_auxiliary(self, at: Sequence[Any]) -> Any:
        if self.auxiliary is None:
            return flat([torch.zeros_like(tensor) for tensor in at])
        return flat(gradient(self.auxiliary, at))


def assert_near(slots: Sequence[Slot], expected: Any) -> None:
    found = [
        numpy.zeros(slot.size) if (d := slot.gradient()) is None else d.ravel() for slot in slots
    ]
    difference = numpy.linalg.norm(numpy.concatenate(found) - expected.detach().numpy())
    assert float(expected.norm()) > 1e-7
    assert difference / float(expected.norm()) < 1e-5


@pytest.mark.parametrize("level", ["representation", "parameters"])
@pytest.mark.parametrize("weighting", ["Constant", "PCGrad", "GradDrop"])
@pytest.mark.parametrize("row", OUTSIDE, ids=lambda row: row.id)
def test_equals_autograd(row: Row, weighting: str, level: str) -> None:
    """Shared parameters get the combined gradient, private ones their task's own."""
    nlp = make_linear_nlp(
        len(TASKS), level, block(weighting), make_model(row, tok2vec=make_table())
    )
    graph = Graph(nlp)
    method = copy.deepcopy(nlp.get_pipe("mtl").weighting)
    empty = Example(nlp.make_doc(""), nlp.make_doc(""))
    examples = [*make_examples(nlp), empty]
    torch.manual_seed(1)
    losses: Dict[str, float] = {}
    nlp.update(examples, sgd=False, losses=losses)

    # The same random numbers: first those of the scheme, then those of the weighting.
    torch.manual_seed(1)
    graph.run(nlp, examples)
    encoder = list(graph.encoder.parameters())
    place = [graph.features] if level == "representation" else encoder
    shared = shared_slots(graph.sharing)
    rows = [flat(gradient(loss, [*place, *graph.of(shared)])) for loss in graph.losses.values()]
    by_task = {task: float(loss.detach()) for task, loss in graph.losses.items()}
    combined = torch.tensor(method(by_task, torch.stack(rows).numpy()).gradient)
    for task, loss in by_task.items():
        assert losses[task] == pytest.approx(loss, rel=1e-5)

    n_place = sum(tensor.numel() for tensor in place)
    of_auxiliary = graph.of_auxiliary(place)
    if level == "representation":
        d_features = (combined[:n_place] + of_auxiliary).reshape(graph.features.shape)
        expected = flat(gradient(graph.features, encoder, d_features))
    else:
        expected = combined[:n_place] + of_auxiliary
    model = nlp.get_pipe("mtl").model
    assert_near(unique(slots_of_model(model.get_ref("tok2vec"))), expected)
    if shared:
        assert_near(shared, combined[n_place:] + graph.of_auxiliary(graph.of(shared)))
    auxiliary = scheme_of(graph.sharing).auxiliary(unique(slots_of_model(graph.sharing)))
    if auxiliary:
        assert_near(auxiliary, graph.of_auxiliary(graph.of(auxiliary)))
    for task, slots in private_slots(graph.sharing).items():
        own = graph.of(slots)
        if own:
            assert_near(slots, flat(gradient(graph.losses[task], own)) + graph.of_auxiliary(own))
