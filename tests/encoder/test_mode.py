"""Training and evaluation mode of torch networks."""

import copy
import gc
import pickle
from typing import Any

import pytest
import torch
from thinc.api import Adam, PyTorchShim, PyTorchWrapper
from thinc.types import ArgsKwargs

from spacy_mtl.encoder.mode import EvaluatingShim, evaluate, keep_evaluating, training


def network() -> Any:
    return torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(3, 3))


def test_mode_of_a_pass() -> None:
    own = network()
    evaluate(own)
    with training(own):
        assert own.training
        assert own[0].training
    assert not own.training
    assert not own[0].training


def test_shim() -> None:
    shim = EvaluatingShim(network())
    x = ArgsKwargs((torch.ones(200, 3),), {})
    assert torch.equal(shim.predict(x), shim.predict(x))
    outputs, backprop = shim.begin_update(x)
    assert not torch.equal(outputs, shim.predict(x))
    assert not shim._model.training
    backprop(ArgsKwargs(((outputs,),), {"grad_tensors": torch.ones(200, 3)}))
    assert not shim._model.training
    assert shim._model[1].weight.grad is not None


class OwnShim(PyTorchShim):
    """Someone's own shim."""


def test_custom_shims_are_kept() -> None:
    model: Any = PyTorchWrapper(network())
    shim, number = model.shims[0], model.shims[0].id
    keep_evaluating(model)
    keep_evaluating(model)
    assert model.shims[0] is shim
    assert shim.id == number
    assert type(shim) is EvaluatingShim
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert type(copied.shims[0]) is EvaluatingShim
    loaded: Any = PyTorchWrapper(network())
    loaded.from_bytes(model.to_bytes())
    torch.testing.assert_close(loaded.shims[0]._model[1].weight, shim._model[1].weight)
    model.shims[0] = OwnShim(network())
    keep_evaluating(model)
    assert type(model.shims[0]) is OwnShim


def test_mode_after_a_failure() -> None:
    shim = EvaluatingShim(network())
    with pytest.raises(RuntimeError):
        shim.begin_update(ArgsKwargs((torch.ones(2, 7),), {}))
    assert not shim._model.training


def test_steps_of_the_optimizer_leave_nothing_behind() -> None:
    """Each tensor of thinc's would keep the one of the step before."""
    shim = EvaluatingShim(torch.nn.Linear(3, 3))
    optimizer, before = Adam(0.1), shim._model.weight.detach().clone()

    def step() -> int:
        for parameter in shim._model.parameters():
            parameter.grad = torch.ones_like(parameter)
        shim.finish_update(optimizer)
        gc.collect()
        return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())

    counts = [step() for _ in range(4)]
    assert counts[-1] == counts[1]
    assert not torch.equal(shim._model.weight, before)
