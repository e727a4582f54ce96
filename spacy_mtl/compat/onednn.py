"""oneDNN's linear layers in torch, which have no public functions."""

from typing import Any, Optional

import torch
from torch import Tensor


def has_onednn() -> bool:
    """RETURNS (bool): Whether torch was built with oneDNN, and has these functions."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def linear(X: Tensor, weight: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    """Compute a linear layer, without gradients.

    Uses `mkldnn::_linear_pointwise`, as `torch.compile` does. It also takes weights in a layout of
    its own, but with many rows it is hardly faster with them, and copies would have to follow
    the weights.

    X (Tensor): The input, in float32 or bfloat16, on a CPU. *Shape:* (n_rows, n_inputs).
    weight (Tensor): Of the same type. *Shape:* (n_outputs, n_inputs).
    bias (Optional[Tensor]): Of the same type. *Shape:* (n_outputs,).
    RETURNS (Tensor): *Shape:* (n_rows, n_outputs).
    """
    found: Any = torch.ops.mkldnn._linear_pointwise.default(X, weight, bias, "none", [], "")
    return found
