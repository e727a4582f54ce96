"""Copies of networks that only predict."""

import gc
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable
from weakref import ref

import numpy
import pytest
import torch
from thinc.api import Adam
from thinc.types import ArgsKwargs

from spacy_mtl.encoder.copies import copy_of, forget_copies
from spacy_mtl.encoder.mode import EvaluatingShim


def weights_of(network: Any) -> Any:
    return torch.cat([parameter.detach().ravel() for parameter in network.parameters()])


def check_copy(network: Any) -> None:
    """Check that the copy has the current weights."""
    assert torch.equal(copy_of(network, "weights", weights_of), weights_of(network))


@pytest.fixture
def shim() -> EvaluatingShim:
    return EvaluatingShim(torch.nn.Linear(3, 2))


def test_made_once() -> None:
    network = torch.nn.Linear(3, 2)
    made = copy_of(network, "weights", weights_of)
    assert copy_of(network, "weights", weights_of) is made
    assert copy_of(network, "other", weights_of) is not made
    assert copy_of(network, "weights", weights_of) is made
    assert copy_of(torch.nn.Linear(3, 2), "weights", weights_of) is not made
    forget_copies(network)
    assert copy_of(network, "weights", weights_of) is not made
    forget_copies(None)


def test_threads_share_it() -> None:
    network = torch.nn.Linear(3, 2)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: copy_of(network, "weights", weights_of), range(100)))
    assert len({id(each) for each in made}) == 1


def test_deleted_with_its_network() -> None:
    network = torch.nn.Linear(3, 2)
    found = ref(copy_of(network, "module", lambda own: torch.nn.Linear(1, 1)))
    del network
    gc.collect()
    assert found() is None


def test_follows_other_modules() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.GELU())
    made = copy_of(network, "module", lambda own: object())
    assert copy_of(network, "module", lambda own: object()) is made
    network[1] = torch.nn.ReLU()
    assert copy_of(network, "module", lambda own: object()) is not made


def test_loaded_in_inference_mode() -> None:
    with torch.inference_mode():
        network = torch.nn.Linear(3, 2)
    check_copy(network)
    check_copy(network)


def test_follows_the_optimizer(shim: EvaluatingShim) -> None:
    optimizer = Adam(0.1)
    for _ in range(3):
        X = ArgsKwargs((torch.ones(4, 3),), {})
        outputs, backprop = shim.begin_update(X)
        backprop(ArgsKwargs(((outputs,),), {"grad_tensors": torch.ones(4, 2)}))
        before = copy_of(shim._model, "weights", weights_of)
        shim.finish_update(optimizer)
        assert not torch.equal(copy_of(shim._model, "weights", weights_of), before)
        check_copy(shim._model)


def test_follows_other_weights_for_a_while(shim: EvaluatingShim) -> None:
    check_copy(shim._model)
    before = weights_of(shim._model)
    named = shim._model.named_parameters()
    params = {f"pytorch_{shim.id}_{name}": numpy.full(p.shape, 5.0, "f") for name, p in named}
    with shim.use_params(params):
        assert float(copy_of(shim._model, "weights", weights_of).min()) == 5.0
    check_copy(shim._model)
    assert torch.equal(weights_of(shim._model), before)


def test_follows_what_is_loaded(shim: EvaluatingShim, tmp_path: Any) -> None:
    other = EvaluatingShim(torch.nn.Linear(3, 2))
    other.to_disk(tmp_path / "shim")
    check_copy(shim._model)
    shim.from_bytes(EvaluatingShim(torch.nn.Linear(3, 2)).to_bytes())
    check_copy(shim._model)
    shim.from_disk(tmp_path / "shim")
    check_copy(shim._model)
    assert torch.equal(weights_of(shim._model), weights_of(other._model))


def in_place(network: Any) -> None:
    with torch.no_grad():
        network.weight.add_(1.0)


def other_memory(network: Any) -> None:
    network.weight.data = torch.ones(2, 3)


def other_parameter(network: Any) -> None:
    network.weight = torch.nn.Parameter(torch.ones(2, 3))


def other_state(network: Any) -> None:
    network.load_state_dict(torch.nn.Linear(3, 2).state_dict(), assign=True)


@pytest.mark.parametrize("change", [in_place, other_memory, other_parameter, other_state])
def test_follows_changes_by_others(change: Callable[[Any], None]) -> None:
    network = torch.nn.Linear(3, 2)
    check_copy(network)
    change(network)
    check_copy(network)
