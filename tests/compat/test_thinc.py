"""The private parts of thinc that `compat/thinc.py` uses haven't changed."""

import copy
from typing import Any

import numpy
import pytest
from thinc.api import Adam, Linear, Model, PyTorchShim, PyTorchWrapper, RAdam, chain
from thinc.shims.shim import Shim

from spacy_mtl.compat.thinc import (
    change_class,
    forward_of,
    get_radam_buffer,
    named_parameters,
    network_of,
    renew_ids,
    replace_forward,
    resize,
    set_radam_buffer,
    take_gradient,
    uses_mixed_precision,
)


@pytest.fixture
def layer() -> Any:
    found: Any = Linear(2, 3)
    found.initialize()
    return found


@pytest.fixture
def wrapped() -> Any:
    import torch

    return PyTorchWrapper(torch.nn.Linear(3, 2))


def test_gradients_are_stored_by_id_and_name(layer: Any) -> None:
    layer.inc_grad("b", numpy.ones(2, dtype="float32"))
    why = "a layer's gradients are not in _params._grads: see take_gradient in compat/thinc.py"
    assert set(layer._params._grads) == {(layer.id, "b")}, why
    assert take_gradient(layer, "b").tolist() == [1.0, 1.0]
    assert not layer.has_grad("b"), why
    assert take_gradient(layer, "b") is None


def test_optimizer_skips_a_parameter_without_gradient(layer: Any) -> None:
    keys = []

    def optimizer(key: Any, weights: Any, gradient: Any, **options: Any) -> Any:
        keys.append(key)
        return weights, gradient

    for name in ("W", "b"):
        layer.inc_grad(name, numpy.ones_like(layer.get_param(name)))
    take_gradient(layer, "W")
    layer.finish_update(optimizer)
    assert keys == [(layer.id, "b")]


def test_ids_are_counted(layer: Any, wrapped: Any) -> None:
    why = "layers and shims are not numbered by global_id: see renew_ids in compat/thinc.py"
    assert (wrapped.id, wrapped.shims[0].id) == (Model.global_id, Shim.global_id), why
    assert Model.global_id_lock.acquire(blocking=False), why
    Model.global_id_lock.release()
    assert Shim.global_id_lock.acquire(blocking=False), why
    Shim.global_id_lock.release()
    copied: Any = copy.deepcopy(wrapped)
    assert (copied.id, copied.shims[0].id) == (wrapped.id, wrapped.shims[0].id), (
        "copy.deepcopy assigns new ids: renew_ids in compat/thinc.py is no longer needed"
    )


def test_renewed_ids_are_new_and_keep_parameters(layer: Any, wrapped: Any) -> None:
    model: Any = chain(layer, wrapped)
    copied: Any = copy.deepcopy(model)
    renew_ids(copied)
    ids = [node.id for each in (model, copied) for node in each.walk()]
    assert len(set(ids)) == len(ids)
    assert copied.layers[1].shims[0].id == Shim.global_id != wrapped.shims[0].id
    assert numpy.array_equal(copied.layers[0].get_param("W"), layer.get_param("W"))
    seen = []
    copied.layers[0].inc_grad("b", numpy.ones(2, dtype="float32"))
    copied.finish_update(lambda key, weights, gradient: (seen.append(key), (weights, gradient))[1])
    assert (copied.layers[0].id, "b") in seen
    # The next layer and shim get other ids.
    assert Linear().id == max(ids) + 1


def test_sizes_are_kept_beside_the_arrays(layer: Any) -> None:
    why = "a layer's sizes are not in Model._dims: see resize in compat/thinc.py"
    assert layer._dims["nO"] == 2, why
    with pytest.raises(ValueError, match="Attempt to change dimension"):
        layer.set_dim("nO", 4, force=True)
    resize(layer, {"nO": 4})
    layer.set_param("W", numpy.ones((4, 3), dtype="float32"))
    layer.set_param("b", numpy.zeros(4, dtype="float32"))
    assert (layer.get_dim("nO"), layer.get_dim("nI")) == (4, 3), why
    assert layer.predict(numpy.ones((1, 3), dtype="float32")).tolist() == [[3.0] * 4]
    other: Any = Linear()
    assert other.from_bytes(layer.to_bytes()).get_dim("nO") == 4


def test_forward_function_is_looked_up_when_a_layer_runs(layer: Any) -> None:
    why = "a layer no longer runs Model._func: see replace_forward in compat/thinc.py"
    x = numpy.ones((1, 3), dtype="float32")
    before = forward_of(layer)
    expected = layer.predict(x)
    assert numpy.array_equal(before(layer, x, False)[0], expected), why
    replace_forward(layer, lambda model, X, is_train: ("ours", None))
    assert layer.predict(x) == "ours", why
    assert layer.begin_update(x)[0] == "ours", why
    replace_forward(layer, before)
    assert numpy.array_equal(layer.predict(x), expected)


def test_shim_gets_the_methods_of_another_class(wrapped: Any) -> None:
    class Ours(PyTorchShim):
        def predict(self, inputs: Any) -> Any:
            return super().predict(inputs) * 0 + 7

    (shim,) = wrapped.shims
    kept = dict(vars(shim))
    change_class(shim, Ours)
    assert vars(shim) == kept
    found = wrapped.predict(numpy.ones((1, 3), dtype="float32"))
    assert found.tolist() == [[7.0, 7.0]], (
        "PyTorchWrapper does not call its shim's 'predict': see change_class in compat/thinc.py"
    )


def test_shim_trains_with_begin_update(wrapped: Any) -> None:
    class Ours(PyTorchShim):
        def begin_update(self, inputs: Any) -> Any:
            outputs, backprop = super().begin_update(inputs)
            return outputs * 0 + 7, backprop

    change_class(wrapped.shims[0], Ours)
    found, _ = wrapped.begin_update(numpy.ones((1, 3), dtype="float32"))
    assert found.tolist() == [[7.0, 7.0]], "PyTorchWrapper does not call its shim's 'begin_update'"


def test_shim_stores_its_network_under_one_name() -> None:
    import torch

    network = torch.nn.Linear(3, 2)
    shim = PyTorchWrapper(network).shims[0]
    why = "a shim's network is not Shim._model: see network_of in compat/thinc.py"
    assert vars(shim).get("_model") is network, why
    assert network_of(shim) is network


def test_parameters_of_a_shim_have_the_optimizers_names(wrapped: Any) -> None:
    (shim,) = wrapped.shims
    y, backprop = wrapped.begin_update(numpy.ones((1, 3), dtype="float32"))
    backprop(numpy.ones_like(y))
    keys = []
    wrapped.finish_update(lambda key, weights, gradient: (keys.append(key), (weights, gradient))[1])
    assert keys == [(shim.id, name) for name, _ in named_parameters(shim)], (
        "PyTorchShim.finish_update uses other parameter names: see named_parameters in "
        "compat/thinc.py, which checkpoints and learning rates depend on"
    )


@pytest.mark.parametrize("network", [None, "not a torch network"])
def test_other_shims_have_no_parameters(network: Any) -> None:
    assert list(named_parameters(Shim(network))) == []


def test_shim_stores_whether_it_uses_mixed_precision(wrapped: Any) -> None:
    (shim,) = wrapped.shims
    assert vars(shim).get("_mixed_precision") is False, (
        "PyTorchShim stores mixed_precision elsewhere: see uses_mixed_precision in compat/thinc.py"
    )
    assert not uses_mixed_precision(shim)
    shim._mixed_precision = True
    assert uses_mixed_precision(shim)
    assert not uses_mixed_precision(Shim(None))


def test_radam_stores_its_latest_steps_in_a_buffer() -> None:
    one, other = RAdam(0.1), RAdam(0.1)
    assert one._radam_buffer == [[None] * 3] * 10, (
        "Optimizer stores RAdam's steps elsewhere, or in another format: see compat/thinc.py"
    )

    def step(sgd: Any) -> Any:
        return sgd((1, "W"), numpy.ones(3, dtype="float32"), numpy.ones(3, dtype="float32"))

    step(one)
    buffer = get_radam_buffer(one)
    assert buffer == one._radam_buffer
    (known,) = [row for row in buffer if row[0] is not None]
    set_radam_buffer(other, buffer)
    step(other)
    assert other._radam_buffer == one._radam_buffer
    # Both functions copy.
    assert not any(row is known for sgd in (one, other) for row in sgd._radam_buffer)


def test_every_optimizer_has_the_buffer() -> None:
    assert get_radam_buffer(Adam(0.1)) == [[None] * 3] * 10
