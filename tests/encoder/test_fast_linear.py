"""Linear layers by oneDNN: the same results, or torch's own."""

import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pytest
import torch
from devices import onednn_has_bfloat16
from torch import Tensor
from torch.nn.functional import linear as torch_linear

from spacy_mtl.compat.onednn import linear
from spacy_mtl.encoder import fast_linear as module
from spacy_mtl.encoder.fast_linear import (
    FastLinear,
    fast_linear,
    is_fast,
    linear_choices,
    set_linear_choices,
)

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def fresh_trial(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Nothing has been found out yet, and the environment doesn't decide."""
    monkeypatch.delenv(module.CHOICE, raising=False)
    before = dict(module._CHOICES)
    module._CHOICES.clear()
    yield
    module._CHOICES.clear()
    module._CHOICES.update(before)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list:
    """The shapes of what oneDNN gets."""
    found: list = []

    def run(X: Tensor, weight: Tensor, bias: Any = None) -> Tensor:
        found.append((tuple(X.shape), tuple(weight.shape)))
        return linear(X, weight, bias)

    monkeypatch.setattr(module, "linear", run)
    return found


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("shape", [(7, 5), (2, 7, 5), (1, 1, 5)])
def test_same_output_and_gradients(calls: list, shape: Any, with_bias: bool) -> None:
    layer = torch.nn.Linear(5, 3, bias=with_bias)
    X = torch.randn(shape, requires_grad=True)
    expected = layer(X)
    with FastLinear():
        found = layer(X)
    assert calls == [((X.numel() // 5, 5), (3, 5))]
    assert torch.allclose(found, expected, atol=1e-6)
    d_output = torch.randn_like(found)
    given = [X, *layer.parameters()]
    for one, other in zip(
        torch.autograd.grad(found, given, d_output), torch.autograd.grad(expected, given, d_output)
    ):
        assert torch.allclose(one, other, atol=1e-5)


def test_gradients_that_nobody_needs(calls: list) -> None:
    layer = torch.nn.Linear(5, 3).requires_grad_(False)
    X = torch.randn(4, 5, requires_grad=True)
    with FastLinear():
        layer(X).sum().backward()
    assert len(calls) == 2
    assert layer.weight.grad is None


def test_gradients_of_gradients_are_refused() -> None:
    layer = torch.nn.Linear(5, 3)
    X = torch.randn(4, 5, requires_grad=True)
    with FastLinear():
        output = layer(X).tanh().sum()
    (d_X,) = torch.autograd.grad(output, X, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        (d_X**2).sum().backward()


def in_bfloat16(X: Tensor, layer: torch.nn.Linear) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return layer(X)


@pytest.mark.parametrize(
    "run",
    [
        in_bfloat16,
        lambda X, layer: layer.double()(X.double()),
        lambda X, layer: layer(X[:0]),
        lambda X, layer: layer(X[0]),
        lambda X, layer: torch_linear(X, layer.weight, layer.bias[:1]),
        lambda X, layer: torch_linear(X, layer.weight[0]),
        lambda X, layer: torch_linear(X, weight=layer.weight, bias=layer.bias),
    ],
)
def test_what_torch_does_itself(calls: list, run: Callable[..., Tensor]) -> None:
    layer, X = torch.nn.Linear(5, 3), torch.randn(4, 5)
    with torch.no_grad():
        expected = run(X, layer)
        with FastLinear():
            assert torch.equal(run(X, layer), expected)
    assert calls == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_trial_of_each_type(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GAINS", {dtype: 0.0})
    assert is_fast(dtype) == (dtype == torch.float32 or onednn_has_bfloat16())


def fails(*args: Any) -> Tensor:
    raise RuntimeError("no such kernel")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"linear": fails}, "oneDNN fails: no such kernel"),
        (
            {"linear": lambda *args: 1.001 * torch_linear(*args)},
            r"gives other results \(by 1.0e-03",
        ),
        ({"linear": lambda *args: torch_linear(*args) * float("nan")}, r"other results \(by nan"),
        ({"_GAINS": {torch.float32: 1e9}}, r"is not faster here \(\d+\.\d\d times\)"),
        ({"has_onednn": lambda: False}, "is missing in this version of torch"),
    ],
)
def test_a_trial_decides_and_logs_why(
    changes: dict, reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in changes.items():
        monkeypatch.setattr(module, name, value)
    with caplog.at_level(logging.INFO, "spacy"):
        for _ in range(2):
            assert not isinstance(fast_linear(CPU), FastLinear)
    (record,) = caplog.records
    assert record.getMessage().startswith("Linear layers in float32 run by torch's default: ")
    assert re.search(reason, record.getMessage())


@pytest.mark.parametrize(("choice", "is_chosen"), [("onednn", True), ("torch", False)])
def test_a_choice_by_the_environment(
    choice: str, is_chosen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is timed, so that it is the same in all processes."""
    monkeypatch.setenv("SPACY_MTL_LINEAR", choice)
    monkeypatch.setattr(module, "_gain", fails)
    assert is_fast(torch.float32) == is_chosen


def test_a_choice_that_does_not_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SPACY_MTL_LINEAR", "onednn")
    monkeypatch.setattr(module, "linear", fails)
    with caplog.at_level(logging.INFO, "spacy"):
        assert not is_fast(torch.float32)
    (message,) = caplog.messages
    assert message.endswith("oneDNN fails: no such kernel")


def test_no_such_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACY_MTL_LINEAR", "mkl")
    for _ in range(2):
        with pytest.raises(ValueError, match='LINEAR is "mkl".* "auto".* "onednn" or "torch"'):
            is_fast(torch.float32)


def test_a_checkpoint_decides_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACY_MTL_LINEAR", "torch")
    set_linear_choices({"float32": True})
    assert is_fast(torch.float32)


@pytest.mark.parametrize("is_chosen", [True, False])
def test_choices_of_another_process(is_chosen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold whatever is faster now."""
    monkeypatch.setattr(module, "_GAINS", {torch.float32: 0.0 if is_chosen else 1e9})
    assert linear_choices() == {}
    assert is_fast(torch.float32) == is_chosen
    found = linear_choices()
    assert found == {"float32": is_chosen}
    monkeypatch.setattr(module, "_GAINS", {torch.float32: 1e9 if is_chosen else 0.0})
    module._CHOICES.clear()
    set_linear_choices(found)
    assert is_fast(torch.float32) == is_chosen


def test_choices_that_do_not_work_here(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "linear", fails)
    with caplog.at_level(logging.INFO, "spacy"):
        set_linear_choices({"float32": True})
    assert not is_fast(torch.float32)
    (message,) = caplog.messages
    assert message.endswith("unlike before, oneDNN fails: no such kernel")


def test_one_trial_for_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = []
    monkeypatch.setattr(
        module, "_reason_against", lambda dtype, **_: trials.append(dtype) or time.sleep(0.1)
    )
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(is_fast, 4 * [torch.float32]))
    assert trials == [torch.float32]


def test_only_in_float32_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_fast", lambda dtype: True)
    assert isinstance(fast_linear(CPU), FastLinear)
    assert not isinstance(fast_linear(torch.device("meta")), FastLinear)
    with torch.autocast("cpu", torch.bfloat16):
        assert not isinstance(fast_linear(CPU), FastLinear)
