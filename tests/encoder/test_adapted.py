"""The upper layers of encoders with adapters, of several architectures."""

from typing import Any, List

import numpy
import pytest
import torch
from architectures import ARCHITECTURES, N_LAYERS
from helpers.inner_encoders import make_encoder
from spacy.tokens import Doc
from spacy.vocab import Vocab
from torch import Tensor

from spacy_mtl.encoder.adapted import ChangedLayers, Changes, adapted_upper, linear_layers
from spacy_mtl.encoder.inside import read_lower_layers
from spacy_mtl.encoder.stacking import NotStackableError
from spacy_mtl.encoder.stacking_trial import find_plan
from spacy_mtl.encoder.upper import run_copies, run_upper, upper_part
from spacy_mtl.sharing.adapter_modules import Adapter, LowRank

#: In DeBERTa, linear layers read the embeddings of relative positions, too, which all texts share.
STACKED = [kind for kind in ARCHITECTURES if kind != "deberta-v2"]


class Shifts(Changes):
    """Adds a number, another one for each task, to all outputs."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = numbers
        self.n_copies = len(numbers)
        self.names: List[str] = []

    def of_linear(self, name: str, X: Tensor, output: Tensor) -> Tensor:
        self.names.append(name)
        parts = output.reshape(self.n_copies, -1, output.shape[-1])
        return (parts + torch.tensor(self.numbers)[:, None, None]).view(output.shape)

    def of_layer(self, number: int, hidden: Tensor) -> Tensor:
        return self.of_linear(f"layers.{number}", hidden, hidden)


def features_of(folder: str, n_upper: int, docs: List[Doc], **settings: Any) -> Any:
    """The encoder's network, what its upper layers read, and what goes along with it."""
    encoder = make_encoder(folder, **settings)
    read_lower_layers(encoder, "scheme", n_upper=n_upper)
    found = encoder.predict(docs)
    return encoder.shims[0]._model, torch.tensor(numpy.concatenate(found.arrays)), found.context


@pytest.mark.parametrize("n_upper", [1, N_LAYERS])
@pytest.mark.parametrize("packing", [True, False])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_one_pass_of_three_tasks(
    kind: str,
    packing: bool,
    n_upper: int,
    folder_of: Any,
    docs: List[Doc],
) -> None:
    """It equals a pass for each, where the architecture allows it."""
    network, X, pieces = features_of(folder_of(kind), n_upper, docs, packing=packing)
    layers = adapted_upper(network, n_upper, tuple(linear_layers(network, n_upper)))
    is_packed = any(own.packed is not None for own in pieces.batches)
    assert is_packed == (packing and kind in ("bert", "roberta", "xlm-roberta"))
    plan = find_plan(network, n_upper, layers, is_packed=is_packed)
    assert (plan is not None) == (kind in STACKED)
    numbers = [0.0, 0.1, -0.2]
    with torch.no_grad():
        runs = [ChangedLayers(layers, Shifts(number)) for number in numbers]
        one_by_one = torch.stack([run_copies(run, X, pieces, 1)[0] for run in runs])
        unchanged = run_upper(upper_part(network, n_upper).eval(), X, pieces)
        numpy.testing.assert_array_equal(one_by_one[0], unchanged)
        assert not torch.allclose(one_by_one[0], one_by_one[1], atol=1e-3)
        if plan is not None:
            stacked = ChangedLayers(layers, Shifts(*numbers), plan)
            found = run_copies(stacked, X, pieces, len(numbers))
            numpy.testing.assert_allclose(found, one_by_one, atol=1e-5)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_gradients_of_adapters(kind: str, folder_of: Any, docs: List[Doc]) -> None:
    """They are the same packed, padded, and one text at a time."""
    folder = folder_of(kind)
    some = [doc for doc in docs if len(doc)]
    weights = torch.randn(sum(map(len, some)), 16)
    places = linear_layers(make_encoder(folder).shims[0]._model, N_LAYERS)
    torch.manual_seed(0)
    adapter = Adapter(places, 2)
    for parameter in adapter.parameters():
        torch.nn.init.normal_(parameter, std=0.3)

    def run(texts: List[Doc], of_vectors: Tensor, **settings: Any) -> Tensor:
        network, X, pieces = features_of(folder, N_LAYERS, texts, **settings)
        layers = adapted_upper(network, N_LAYERS, tuple(places))
        changes = LowRank([adapter], scale=2.0, dropout=0.0, is_train=False)
        vectors = run_copies(ChangedLayers(layers, changes), X, pieces, 1)[0]
        # A text without wordpieces has no gradient.
        if vectors.requires_grad:
            (vectors * of_vectors).sum().backward()
        return vectors.detach()

    found = []
    parts = weights.split([len(doc) for doc in some])
    for settings in ({"packing": True}, {"packing": False}, None):
        adapter.zero_grad()
        if settings is None:
            vectors = torch.cat([run([doc], part) for doc, part in zip(some, parts)])
        else:
            vectors = run(some, weights, **settings)
        gradients = {n: p.grad.clone() for n, p in adapter.named_parameters() if p.grad is not None}
        assert len(gradients) == 2 * len(places)
        found.append((vectors, gradients))
    (expected, of_expected), *others = found
    for vectors, gradients in others:
        numpy.testing.assert_allclose(vectors, expected, atol=1e-4)
        for name, gradient in gradients.items():
            numpy.testing.assert_allclose(gradient, of_expected[name], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_all_linear_layers_are_found(kind: str, folder_of: Any) -> None:
    """Each is called, under its name, and shares its parameters with the encoder."""
    encoder = make_encoder(folder_of(kind))
    network = encoder.shims[0]._model
    found = linear_layers(network, 2)
    layers = adapted_upper(network, 2, tuple(found))
    assert {id(p) for p in layers.parameters()} <= {id(p) for p in network.parameters()}
    assert adapted_upper(network, 2, tuple(found)) is layers
    for name, (n_outputs, n_inputs) in found.items():
        assert layers.get_submodule(name).weight.shape == (n_outputs, n_inputs)
    docs = [Doc(Vocab(), words=["old", "books"])]
    network, X, pieces = features_of(folder_of(kind), 2, docs)
    layers = adapted_upper(network, 2, tuple(linear_layers(network, 2)))
    shifts = Shifts(0.0)
    with torch.no_grad():
        run_copies(ChangedLayers(layers, shifts), X, pieces, 1)
    assert {*found, "layers.0", "layers.1"} == set(shifts.names)


def test_what_is_not_per_text_is_not_stacked(folder_of: Any, docs: List[Doc]) -> None:
    """Nor is what a plan doesn't know of."""
    network, X, pieces = features_of(folder_of("bert"), 1, docs, packing=False)
    layers = adapted_upper(network, 1, tuple(linear_layers(network, 1)))
    plan = find_plan(network, 1, layers, is_packed=False)
    assert plan is not None
    plan.dimensions.clear()
    with pytest.raises(NotStackableError), torch.no_grad():
        run_copies(ChangedLayers(layers, Shifts(0.0, 1.0), plan), X, pieces, 2)
