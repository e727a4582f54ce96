"""Check rows, private parameters and auxiliary losses of a scheme against autograd."""

import copy
from typing import Any, List, Sequence

import numpy
import pytest
import torch
from methods import NAMES, ONLY_AT_PARAMETERS, block, make
from mixed_sharing import TASKS, make_nlp
from spacy.language import Language
from thinc.api import Model
from tiny_corpus import make_examples

from spacy_mtl.parameters import slots_of_model, unique
from spacy_mtl.sharing.contract import private_slots, shared_slots

LEVELS = ["representation", "parameters"]
STRENGTH = 0.75
AT_PARAMETERS = ("DBMTL", *ONLY_AT_PARAMETERS)
SOLVED = {"NashMTL", *(n for n in NAMES if n != "Constant" and make(n).solvers)}


class Graph:
    """The same pipeline as a single torch graph in float64."""

    def __init__(self, nlp: Language) -> None:
        model = nlp.get_pipe("mtl").model
        sharing = model.get_ref("sharing")
        table = model.get_ref("tok2vec").shims[0]._model
        self.encoder = copy.deepcopy(table).double()
        self.shared = values_of(sharing.get_ref("shared"))
        self.own = {task: values_of(sharing.get_ref(f"private:{task}")) for task in TASKS}
        self.heads = {
            task: values_of(nlp.get_pipe(task).model.get_ref("output_layer")) for task in TASKS
        }

    def run(self, examples: Sequence[Any], labels: Sequence[str]) -> None:
        words = [token for eg in examples for token in eg.reference]
        ids = torch.tensor([token.orth % 97 for token in words])
        gold = torch.tensor([labels.index(token.tag_) for token in words])
        self.features = torch.tanh(self.encoder(ids))
        common = linear(self.features, self.shared)
        self.size = (common**2).sum() / 2 / len(words)
        self.losses = {
            task: torch.nn.functional.cross_entropy(
                linear(linear(common, self.own[task]), self.heads[task]), gold
            )
            for task in TASKS
        }

    @property
    def encoder_parameters(self) -> List[Any]:
        return list(self.encoder.parameters())


def values_of(layer: Model) -> List[Any]:
    """The weights and bias of a thinc or torch layer, in this order."""
    found = {slot.name.split(".")[-1]: slot.value for slot in slots_of_model(layer)}
    weight, bias = (found.get(a, found.get(b)) for a, b in (("W", "weight"), ("b", "bias")))
    return [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (weight, bias)]


def linear(x: Any, parameters: Sequence[Any]) -> Any:
    return x @ parameters[0].T + parameters[1]


def flat(tensors: Sequence[Any]) -> Any:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def gradient(value: Any, at: Sequence[Any]) -> List[Any]:
    return list(torch.autograd.grad(value, at, retain_graph=True, allow_unused=False))


def found_gradients(slots: Sequence[Any]) -> numpy.ndarray:
    return numpy.concatenate([slot.gradient().ravel() for slot in slots])


def assert_near(found: numpy.ndarray, expected: Any, tolerance: float) -> None:
    expected = expected.detach().numpy()
    norm = numpy.linalg.norm(expected)
    assert norm > 1e-8
    assert numpy.linalg.norm(found - expected) / norm < tolerance


@pytest.mark.filterwarnings("ignore:The heads .* both set")
@pytest.mark.parametrize("in_torch", [False, True], ids=["thinc", "torch"])
@pytest.mark.parametrize(
    ("name", "level"),
    # DBMTL keeps a number per value of a row, so rows must always have the same length.
    [(n, at) for n in NAMES for at in LEVELS if at == "parameters" or n not in AT_PARAMETERS],
)
def test_equals_autograd(name: str, level: str, in_torch: bool) -> None:
    """Shared parameters get the combined and auxiliary gradient, private ones their task's own."""
    nlp = make_nlp(level, block(name), strength=STRENGTH, in_torch=in_torch)
    graph = Graph(nlp)
    # The same weighting, with the same random numbers, on rows from autograd.
    weighting = copy.deepcopy(nlp.get_pipe("mtl").weighting)
    weighting.check_training(level)
    examples = make_examples(nlp)
    torch.manual_seed(1)
    nlp.update(examples, sgd=False)
    model = nlp.get_pipe("mtl").model
    sharing = model.get_ref("sharing")

    graph.run(examples, nlp.get_pipe("t0").labels)
    place = [graph.features] if level == "representation" else graph.encoder_parameters
    n_place = sum(tensor.numel() for tensor in place)
    rows = [
        flat(gradient(loss, [*place, *_as_slots(graph, sharing)])) for loss in graph.losses.values()
    ]
    values = torch.stack(rows).detach().numpy().astype("float32")
    torch.manual_seed(1)
    losses = {task: float(loss.detach()) for task, loss in graph.losses.items()}
    combined = torch.tensor(weighting(losses, values).gradient).double()
    auxiliary = STRENGTH * graph.size
    # Solvers stop before the last digit.
    tolerance = 2e-3 if name in SOLVED else 2e-4

    if level == "representation":
        d_features = combined[:n_place].reshape(graph.features.shape)
        (of_auxiliary,) = gradient(auxiliary, [graph.features])
        expected = torch.autograd.grad(
            graph.features,
            graph.encoder_parameters,
            d_features + of_auxiliary,
            retain_graph=True,
        )
        encoder = flat(expected)
    else:
        encoder = combined[:n_place] + flat(gradient(auxiliary, graph.encoder_parameters))
    assert_near(
        found_gradients(unique(slots_of_model(model.get_ref("tok2vec")))), encoder, tolerance
    )
    shared = combined[n_place:] + flat(gradient(auxiliary, _as_slots(graph, sharing)))
    assert_near(found_gradients(shared_slots(sharing)), shared, tolerance)
    for task, slots in private_slots(sharing).items():
        own = flat(gradient(graph.losses[task], graph.own[task]))
        weight_first = sorted(slots, key=lambda slot: "W" not in slot.name.upper())
        assert_near(found_gradients(weight_first), own, 1e-4)


def _as_slots(graph: Graph, sharing: Model) -> List[Any]:
    """The shared parameters of the graph, in the same order as in the rows."""
    weight, bias = graph.shared
    by_name = {"W": weight, "weight": weight, "b": bias, "bias": bias}
    return [by_name[slot.name.split(".")[-1]] for slot in shared_slots(sharing)]
