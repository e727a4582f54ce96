"""Each task's gradient at some parameters."""

from typing import Any, Callable, List

import numpy
import pytest
import torch
from thinc.api import Linear, NumpyOps, PyTorchWrapper
from tiny_corpus import make_examples
from tiny_pipelines import inner

from spacy_mtl.joint.parameters import ParameterRows
from spacy_mtl.parameters import slots_of_model


def test_parameters_without_gradient_get_none(make_nlp: Callable, encoder_dir: str) -> None:
    """Adam decays the weights of whatever has a gradient, if of zeros."""
    nlp = make_nlp(encoder=inner(encoder_dir), gradients="parameters")
    nlp.update(make_examples(nlp), sgd=False)
    module = nlp.get_pipe("mtl").model.get_ref("tok2vec").shims[0]._model
    without = {name for name, p in module.named_parameters() if p.grad is None}
    assert without == {"pooler.dense.weight", "pooler.dense.bias"}


class Layers:
    """A layer of thinc, one of torch, and one of torch that is not trained: (values, gradient)."""

    def __init__(self) -> None:
        self.thinc: Any = Linear(2, 3)
        self.thinc.initialize()
        self.torch = torch.nn.Linear(3, 2)
        self.frozen = torch.nn.Linear(2, 2)
        self.frozen.requires_grad_(False)
        self.slots = [
            slot
            for model in (self.thinc, PyTorchWrapper(self.torch), PyTorchWrapper(self.frozen))
            for slot in slots_of_model(model)
        ]

    def backward(self, value: float, *names: str) -> Callable[[], None]:
        """A backward pass that gives some of the layers a gradient, the same everywhere."""

        def run() -> None:
            for slot in self.slots:
                layer = "thinc" if slot.is_thinc else "torch"
                if slot.is_trained and layer in names:
                    slot.add(numpy.full(slot.shape, value, dtype="float32"))

        return run

    def gradients(self) -> List[Any]:
        """Of each slot: None, or its first value."""
        found = [slot.gradient() for slot in self.slots]
        return [None if gradient is None else gradient.ravel()[0] for gradient in found]


def test_one_row_a_pass() -> None:
    layers = Layers()
    rows = ParameterRows(layers.slots)
    # W and b of the two layers that are trained.
    assert rows.n_values == 6 + 2 + 6 + 2
    passes = [layers.backward(1, "thinc", "torch"), layers.backward(2, "torch")]
    found = rows.gradients(passes, NumpyOps())
    assert found.tolist() == [[1.0] * 16, [0.0] * 8 + [2.0] * 8]
    assert layers.gradients() == [None] * 6


def test_what_was_there_before_is_put_back() -> None:
    layers = Layers()
    layers.backward(5, "thinc")()
    found = ParameterRows(layers.slots).gradients([layers.backward(1, "torch")], NumpyOps())
    assert found.tolist() == [[0.0] * 8 + [1.0] * 8]
    assert layers.gradients() == [5.0, 5.0, None, None, None, None]


def test_what_was_there_before_is_put_back_after_an_error() -> None:
    layers = Layers()
    layers.backward(5, "thinc")()

    def fail() -> None:
        layers.backward(1, "thinc", "torch")()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ParameterRows(layers.slots).gradients([fail], NumpyOps())
    assert layers.gradients() == [5.0, 5.0, None, None, None, None]


def test_combined_gradient_is_added() -> None:
    layers = Layers()
    layers.backward(5, "thinc")()
    rows = ParameterRows(layers.slots)
    gradient = numpy.arange(16, dtype="float32")
    rows.add(gradient, numpy.ones((2, 16), dtype="float32"))
    flat = numpy.concatenate([s.gradient().ravel() for s in layers.slots if s.is_trained])
    assert flat.tolist() == [*(gradient[:8] + 5), *gradient[8:]]
    # The caller's array is not part of what an optimizer works in.
    layers.backward(1, "thinc", "torch")()
    assert gradient.tolist() == list(range(16))


def test_parameters_that_no_task_has_reached_get_no_gradient() -> None:
    layers = Layers()
    values = numpy.zeros((2, 16), dtype="float32")
    # Tasks in full conflict: a gradient of zeros is one all the same.
    values[:, 0] = 1, -1
    ParameterRows(layers.slots).add(values.sum(axis=0), values)
    assert layers.gradients() == [0.0, None, None, None, None, None]


def test_parameters_beside_keep_what_the_passes_add() -> None:
    layers = Layers()
    of_thinc, of_torch = layers.slots[:2], layers.slots[2:4]
    passes = [layers.backward(1, "thinc", "torch"), layers.backward(2, "thinc", "torch")]
    found = ParameterRows(of_thinc, beside=of_torch).gradients(passes, NumpyOps())
    assert found.tolist() == [[1.0] * 8, [2.0] * 8]
    assert layers.gradients() == [None, None, 3.0, 3.0, None, None]


def test_without_parameters_the_passes_run_all_the_same() -> None:
    ran: List[int] = []
    rows = ParameterRows([])
    found = rows.gradients([lambda: ran.append(0), lambda: ran.append(1)], NumpyOps())
    rows.run_last(lambda: ran.append(2))
    assert found.shape == (2, 0)
    assert ran == [0, 1, 2]


@pytest.mark.parametrize("then_last", [False, True])
def test_the_graph_of_torch_is_kept_till_the_last_pass(then_last: bool) -> None:
    module = torch.nn.Linear(3, 2)
    outputs = torch.tanh(module(torch.ones(1, 3)))

    def run() -> None:
        torch.autograd.backward(outputs, torch.ones(1, 2))

    rows = ParameterRows(list(slots_of_model(PyTorchWrapper(module))))
    found = rows.gradients([run, run], NumpyOps(), is_last=not then_last)
    assert numpy.array_equal(found[0], found[1])
    assert found.any()
    if then_last:
        rows.run_last(run)
        assert module.weight.grad is not None
    with pytest.raises(RuntimeError, match="second time"):
        run()
