"""Linear layers in int8 with fixed ranges."""

import numpy
import pytest
import torch

from spacy_mtl.encoder import quantized_linear
from spacy_mtl.encoder.quantized_linear import LinearRange, QuantizedLinear


def ranges(low: float, high: float, n_inputs: int = 8, n_outputs: int = 5) -> LinearRange:
    factors = numpy.ones(n_inputs, dtype="float32")
    return LinearRange(low, high, factors, numpy.zeros(n_outputs, dtype="float32"))


@pytest.fixture(params=[127, 63])
def largest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The largest weight, on processors with and without sums of int8 products in 32 bits."""
    monkeypatch.setattr(quantized_linear, "has_int8_sums", lambda: request.param == 127)
    return int(request.param)


def test_sums_of_two_products_fit_into_16_bits() -> None:
    assert 2 * quantized_linear._MAX_WEIGHT_IN_16_BITS * quantized_linear._MAX_INPUT < 2**15


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 1.0), (-1.0, 0.0)])
def test_rounding(low: float, high: float, bias: bool, largest: int) -> None:
    linear = torch.nn.Linear(8, 5, bias=bias)
    X = torch.empty(3, 4, 8).uniform_(low, high)
    layer = QuantizedLinear(linear, ranges(low, high))
    assert layer.weight.dtype == torch.int8
    assert layer.weight.abs().amax(1).tolist() == [largest] * 5
    # Half a step of each input, and of each weight.
    weights = linear.weight.abs()
    input_error = (high - low) / 255 / 2 * weights.sum(1)
    weight_error = weights.amax(1) / largest / 2 * X.abs().sum(-1, keepdim=True)
    difference = (layer(X) - linear(X)).abs()
    assert (difference <= 1.01 * (input_error + weight_error) + 1e-6).all()
    assert difference.max() > 1e-5


def test_values_out_of_range_are_cut() -> None:
    linear = torch.nn.Linear(1, 1, bias=False)
    layer = QuantizedLinear(linear, ranges(-1.0, 2.0, 1, 1))
    for given, cut in ((5.0, 2.0), (-5.0, -1.0), (0.0, 0.0)):
        found = layer(torch.tensor([[given]]))
        torch.testing.assert_close(found, cut * linear.weight, atol=0.01, rtol=0.01)
    # All inputs were 0.
    assert QuantizedLinear(linear, ranges(0.0, 0.0, 1, 1))(torch.zeros(1, 1)).item() == 0


def test_factors_and_shift() -> None:
    """Factors only change the rounding; the shift is added."""
    linear = torch.nn.Linear(2, 1)
    factors = numpy.asarray([100.0, 1.0], dtype="float32")
    shift = numpy.asarray([0.5], dtype="float32")
    layer = QuantizedLinear(linear, LinearRange(-1.0, 1.0, factors, shift))
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[0.01, 1.0]]))
        layer = QuantizedLinear(linear, LinearRange(-1.0, 1.0, factors, shift))
        X = torch.tensor([[90.0, 0.5], [-90.0, -0.5]])
        torch.testing.assert_close(layer(X), linear(X) + 0.5, atol=0.02, rtol=0.0)
