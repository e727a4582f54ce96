"""The parameters of models, and averages of them."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Callable

import numpy
import pytest
import spacy
import torch
from encoder_gradients import encoder_values
from predicted_values import predictions
from thinc.api import Adam, Linear, Model, PyTorchWrapper, chain
from tiny_corpus import make_examples

from spacy_mtl.parameters import slots_of, slots_of_model, unique, use_torch_params


def test_averages_reach_the_encoder(make_nlp: Callable, encoder: Any, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=encoder)
    sgd = Adam(0.05, use_averages=True)
    for _ in range(4):
        nlp.update(make_examples(nlp), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)
    raw, predicted = encoder_values(nlp), predictions(nlp)
    with nlp.use_params(sgd.averages):
        averaged = encoder_values(nlp)
        nlp.to_disk(tmp_path)
        expected = predictions(nlp)
    assert not numpy.allclose(averaged, raw)
    assert numpy.array_equal(encoder_values(nlp), raw)
    assert predictions(nlp) == predicted
    loaded = spacy.load(tmp_path)
    assert numpy.array_equal(encoder_values(loaded), averaged)
    assert predictions(loaded) == expected


def test_averages_reach_an_encoder_of_its_own(make_nlp: Callable) -> None:
    nlp = make_nlp()
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    sgd = Adam(0.05, use_averages=True)
    for _ in range(3):
        nlp.update(make_examples(nlp), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)
    (shim,) = [shim for node in nlp.get_pipe("ner").model.walk() for shim in node.shims]
    weight = next(iter(shim._model.parameters()))
    raw = weight.detach().numpy().copy()
    with nlp.use_params(sgd.averages):
        assert not numpy.allclose(weight.detach().numpy(), raw)
    assert numpy.array_equal(weight.detach().numpy(), raw)


def both_kinds() -> Model:
    """A thinc layer, and a torch module of two layers, of which one is not trained."""
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1, bias=False))
    module[1].requires_grad_(False)
    model = chain(Linear(2, 3), PyTorchWrapper(module))
    model.layers[0].initialize()
    return model


def test_addresses_and_keys() -> None:
    model = both_kinds()
    slots = {slot.address: slot for slot in slots_of_model(model, "mtl/")}
    thinc = ["mtl/1/node/W", "mtl/1/node/b"]
    assert list(slots) == [
        *thinc,
        "mtl/2/shim0/0.weight",
        "mtl/2/shim0/0.bias",
        "mtl/2/shim0/1.weight",
    ]
    linear, wrapper = model.layers
    assert slots["mtl/1/node/W"].key == (linear.id, "W")
    assert slots["mtl/2/shim0/0.bias"].key == (wrapper.shims[0].id, "0.bias")
    assert [slot.is_thinc for slot in slots.values()] == [True, True, False, False, False]
    assert [slot.is_trained for slot in slots.values()] == [True, True, True, True, False]
    assert [slot.size for slot in slots.values()] == [6, 2, 4, 2, 2]
    assert [slot.shape for slot in slots.values()] == [(2, 3), (2,), (2, 2), (2,), (1, 2)]


def test_parameters_before_initialisation() -> None:
    slots = list(slots_of_model(Linear(2, 3)))
    assert [slot.is_set for slot in slots] == [False, False]
    assert [slot.size for slot in slots] == [0, 0]


@pytest.mark.parametrize("i", range(4))
def test_gradients_of_a_slot(i: int) -> None:
    """None is something else than zeros."""
    slot = list(slots_of_model(both_kinds()))[i]
    assert slot.gradient() is slot.take() is None
    ones = numpy.ones(slot.size, dtype="float32")
    slot.add(ones)
    slot.add(2 * ones)
    assert slot.gradient().shape == slot.shape
    assert slot.gradient().ravel().tolist() == [3.0] * slot.size
    assert ones.tolist() == [1.0] * slot.size
    slot.set_gradient(numpy.zeros(slot.shape, dtype="float32"))
    assert slot.gradient().ravel().tolist() == [0.0] * slot.size
    taken = slot.take()
    assert taken.shape == (slot.size,)
    assert slot.gradient() is None


def test_value_is_the_parameter_itself() -> None:
    for slot in slots_of_model(both_kinds()):
        slot.value[...] = 7
        assert (slot.value == 7).all()


def test_each_parameter_once() -> None:
    shared = Linear(2, 2)
    model = chain(shared, Linear(2, 2), shared)
    assert len(list(slots_of_model(model))) == 4
    slots = [slot for each in (model, shared) for slot in slots_of_model(each)]
    assert len(slots) == 6
    assert [slot.address for slot in unique(slots)] == [
        "1/node/W",
        "1/node/b",
        "2/node/W",
        "2/node/b",
    ]


def test_slots_of_a_pipeline(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"])
    nlp.add_pipe("sentencizer")
    slots = slots_of(nlp)
    assert {slot.address.split("/")[0] for slot in slots} == {"transformer", "ner"}
    assert len({slot.key for slot in slots}) == len(slots)


def test_other_values_for_a_while() -> None:
    model = both_kinds()
    linear, wrapper = model.layers
    (shim,) = wrapper.shims
    bias = shim._model[0].bias
    before = bias.detach().clone()
    params = {(shim.id, "0.bias"): numpy.asarray([5, 6]), (linear.id, "b"): numpy.asarray([7, 8])}
    with suppress(ZeroDivisionError), use_torch_params([model], params):
        assert bias.tolist() == [5.0, 6.0]
        # Those of thinc are set by thinc.
        assert linear.get_param("b").tolist() == [0.0, 0.0]
        raise ZeroDivisionError
    assert torch.equal(bias, before)
