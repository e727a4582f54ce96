"""The private parts of torch that `compat/torch.py` uses haven't changed."""

import pickletools
from io import BytesIO
from typing import Any, List
from zipfile import ZipFile

import numpy
import pytest
import torch
from thinc.api import PyTorchWrapper

from spacy_mtl.compat.torch import (
    PICKLED_NAMES,
    bfloat16_of_cpu,
    leaves,
    one_of_several_passes,
    parts_of,
    store_of_ranks,
)


@pytest.fixture
def network() -> Any:
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))


def test_thincs_layers_look_up_the_backward_pass(network: Any, monkeypatch: Any) -> None:
    calls: List[Any] = []
    monkeypatch.setattr(torch.autograd, "backward", lambda *x, **kw: calls.append((x, kw)))
    y, backprop = PyTorchWrapper(network).begin_update(numpy.ones((1, 3), dtype="float32"))
    backprop(numpy.ones_like(y))
    assert len(calls) == 1, (
        "PyTorchShim does not call torch.autograd.backward by that name: compat/torch.py patches it"
    )


def test_the_first_of_two_passes_keeps_the_graph(network: Any) -> None:
    y = network(torch.ones(1, 3)).sum()
    ours = {id(p) for p in network.parameters()}
    with one_of_several_passes(ours, is_last=False):
        torch.autograd.backward(y)
    once = [p.grad.clone() for p in network.parameters()]
    with one_of_several_passes(ours, is_last=True):
        torch.autograd.backward(y)
    assert all(torch.equal(p.grad, 2 * d) for p, d in zip(network.parameters(), once))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.backward(y)


def test_gradients_of_inputs_are_from_one_pass(network: Any) -> None:
    x = torch.ones(1, 3, requires_grad=True)
    y = network(x).sum()
    ours = {id(p) for p in network.parameters()}
    found = []
    for is_last in (False, True):
        with one_of_several_passes(ours, is_last):
            torch.autograd.backward(y)
        found.append(x.grad.clone())
    assert torch.equal(found[0], found[1])


def test_the_patch_is_undone(network: Any) -> None:
    before = torch.autograd.backward
    with one_of_several_passes(set(), is_last=True):
        assert torch.autograd.backward is not before
    assert torch.autograd.backward is before
    with pytest.raises(ZeroDivisionError), one_of_several_passes(set(), is_last=True):
        raise ZeroDivisionError
    assert torch.autograd.backward is before


def test_a_graph_can_be_walked_to_its_leaves(network: Any) -> None:
    x = torch.ones(1, 3, requires_grad=True)
    y = network(x)
    why = "the nodes of a graph have other names: see leaves in compat/torch.py"
    assert y.grad_fn is not None, why
    assert all(len(pair) == 2 for pair in y.grad_fn.next_functions), why
    expected = {id(x), *(id(p) for p in network.parameters())}
    assert {id(leaf) for leaf in leaves(y)} == expected, why
    assert {id(leaf) for leaf in leaves([y, y.sum()])} == expected, why
    assert list(leaves(x.detach())) == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool])
@pytest.mark.parametrize("make", [torch.nn.Parameter, lambda tensor: tensor])
def test_saved_state_has_only_known_names(dtype: Any, make: Any) -> None:
    saved = BytesIO()
    is_trained = dtype.is_floating_point
    tensor = torch.zeros(2, dtype=dtype)
    torch.save({"a": make(tensor) if is_trained else tensor, "b": torch.Size([2])}, saved)
    with ZipFile(saved) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith("data.pkl")]
        found = [(op.name, arg) for op, arg, _ in pickletools.genops(archive.read(name))]
    names = [arg for op, arg in found if op == "GLOBAL"]
    assert names, "torch.save names functions in another way: see problems_of_weights"
    unknown = [name for name in names if not PICKLED_NAMES.fullmatch(name)]
    assert unknown == [], f"torch.save names {unknown}: add them to PICKLED_NAMES if they are safe"


@pytest.mark.parametrize("name", ["os system", "builtins eval", "torch._utils_evil _rebuild_x"])
def test_code_is_not_a_known_name(name: str) -> None:
    assert PICKLED_NAMES.fullmatch(name) is None


FEATURES = {"_is_avx512_bf16_supported": "AVX512-BF16", "_is_amx_tile_supported": "AMX"}


@pytest.mark.parametrize("function", FEATURES)
def test_torch_knows_the_processor(function: str, monkeypatch: Any) -> None:
    assert isinstance(getattr(torch.cpu, function)(), bool), (
        f"torch.cpu.{function} has moved: see bfloat16_of_cpu; without it, 'auto' is float32"
    )
    for each in FEATURES:
        monkeypatch.setattr(torch.cpu, each, lambda found=each == function: found)
    assert bfloat16_of_cpu() == FEATURES[function]


def test_processor_without_bfloat16(monkeypatch: Any) -> None:
    for each in FEATURES:
        monkeypatch.setattr(torch.cpu, each, lambda: False)
    assert bfloat16_of_cpu() is None


@pytest.mark.parametrize("register", ["register_forward_hook", "register_forward_pre_hook"])
def test_parts(register: str) -> None:
    inner = torch.nn.Linear(1, 1, bias=False)
    network = torch.nn.Sequential(inner, torch.nn.LayerNorm(1))
    modules, parameters, hooks = parts_of(network)
    assert modules == list(network)
    assert [id(each) for each in parameters] == [id(each) for each in network.parameters()]
    assert not hooks

    def hook(*given: Any) -> None:
        """Do nothing."""

    handle = getattr(inner, register)(hook)
    assert parts_of(network).hooks == {handle.id: hook}
    handle.remove()
    assert not parts_of(network).hooks


def test_store_of_ranks() -> None:
    dist = torch.distributed
    store = dist.HashStore()
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        found = store_of_ranks()
        found.set("key", "value")
        assert found.get("key") == b"value"
        assert store.num_keys() > 0
    finally:
        dist.destroy_process_group()
