"""The private parts of torch that `compat/torch.py` reaches for are where they were."""

from typing import Any, List

import numpy
import pytest
import torch
from thinc.api import PyTorchWrapper

from spacy_mtl.compat.torch import leaves, one_of_several_passes


@pytest.fixture
def network() -> Any:
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))


def test_layers_of_thinc_look_the_backward_pass_up(network: Any, monkeypatch: Any) -> None:
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


def test_gradients_of_inputs_are_those_of_one_pass(network: Any) -> None:
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
    why = "the nodes of a graph have other names: see leaves of compat/torch.py"
    assert y.grad_fn is not None, why
    assert all(len(pair) == 2 for pair in y.grad_fn.next_functions), why
    expected = {id(x), *(id(p) for p in network.parameters())}
    assert {id(leaf) for leaf in leaves(y)} == expected, why
    assert {id(leaf) for leaf in leaves([y, y.sum()])} == expected, why
    assert list(leaves(x.detach())) == []
