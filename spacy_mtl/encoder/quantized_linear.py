"""Linear layers in int8 with fixed ranges, as plain torch operations.

PyTorch computes them in float32 with rounded values. OpenVINO recognizes them as int8: the results
are the same, apart from the rounding of sums.
"""

from dataclasses import dataclass
from typing import Any

import numpy
import torch
from torch import Tensor

from ..compat.torch import has_int8_sums

#: The largest values of int8 weights and of unsigned int8 inputs.
_MAX_WEIGHT, _MAX_INPUT = 127, 255
#: Of weights where sums of two products must fit into 16 bits: 2 x 63 x 255 does.
_MAX_WEIGHT_IN_16_BITS = 63


@dataclass(frozen=True)
class LinearRange:
    """What the inputs of a linear layer are like: found by `calibrate`, saved with the encoder.

    low (float): The least input after division by `factors`; at most 0.
    high (float): The largest input after division by `factors`; at least 0.
    factors (Floats1d): What each input is divided by, and the weights multiplied. It moves
        outliers from the inputs to the weights. Shape: (n_inputs,).
    shift (Floats1d): The mean error of each output, to be added. Shape: (n_outputs,).
    """

    low: float
    high: float
    factors: numpy.ndarray
    shift: numpy.ndarray


class QuantizedLinear(torch.nn.Module):
    """A linear layer in int8: one scale for the inputs, and one for each row of the weights."""

    weight: Tensor
    divisor: Tensor
    row_scales: Tensor
    bias: Tensor

    def __init__(self, linear: Any, found: LinearRange) -> None:
        """Quantize a linear layer.

        linear (Linear): The layer in float32.
        found (LinearRange): What its inputs are like.
        """
        super().__init__()
        self.scale = max(found.high - found.low, 1e-6) / _MAX_INPUT
        self.zero = round(min(max(-found.low / self.scale, 0), _MAX_INPUT))
        # Loaded arrays are read-only.
        factors = torch.tensor(found.factors)
        weights = linear.weight.detach() * factors
        largest = _MAX_WEIGHT if has_int8_sums() else _MAX_WEIGHT_IN_16_BITS
        scales = (weights.abs().amax(1, keepdim=True) / largest).clamp(min=1e-12)
        bias = torch.tensor(found.shift)
        if linear.bias is not None:
            bias = bias + linear.bias.detach()
        # Networks that ask for the type of a layer's weights expect this name.
        self.register_buffer("weight", (weights / scales).round().to(torch.int8))
        self.register_buffer("divisor", 1 / factors)
        self.register_buffer("row_scales", scales)
        self.register_buffer("bias", bias)

    def forward(self, X: Tensor) -> Tensor:
        """Compute the layer.

        X (Tensor): The inputs. Shape: (..., n_inputs).
        RETURNS (Tensor): The outputs. Shape: (..., n_outputs).
        """
        rounded = torch.fake_quantize_per_tensor_affine(
            X * self.divisor, self.scale, self.zero, 0, _MAX_INPUT
        )
        weights = self.weight.to(self.row_scales.dtype) * self.row_scales
        return torch.nn.functional.linear(rounded, weights, self.bias)
