"""oneDNN's linear layers in torch, which have no public functions."""

from typing import Any, Optional

import torch
from torch import Tensor

# For how many rows weights are laid out. The layout works for all numbers of rows.
_N_ROWS = 1024


def has_onednn() -> bool:
    """RETURNS (bool): Whether torch was built with oneDNN, and has these functions."""
    names = ("_linear_pointwise", "_reorder_linear_weight")
    found = all(hasattr(torch.ops.mkldnn, name) for name in names)
    return torch.backends.mkldnn.is_available() and found


def prepack(weight: Tensor) -> Tensor:
    """Copy a weight matrix into the layout that oneDNN prefers.

    Uses `mkldnn::_reorder_linear_weight`, as `torch.compile` does.

    weight (Tensor): In float32 or bfloat16, on a CPU. Shape: (n_outputs, n_inputs).
    RETURNS (Tensor): For `linear` only.
    """
    found: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), _N_ROWS)
    return found


def linear(X: Tensor, weight: Tensor, bias: Optional[Tensor] = None, *, gelu: bool = False) -> Any:
    """Compute a linear layer, without gradients.

    Uses `mkldnn::_linear_pointwise`, as `torch.compile` does.

    X (Tensor): The input, in float32 or bfloat16, on a CPU. Shape: (n_rows, n_inputs).
    weight (Tensor): Of the same type, also from `prepack`. Shape: (n_outputs, n_inputs).
    bias (Optional[Tensor]): Of the same type. Shape: (n_outputs,).
    gelu (bool): Whether to apply GELU (exact, not approximated) to the output.
    RETURNS (Tensor): Shape: (n_rows, n_outputs).
    """
    activation: Any = ("gelu", [], "none") if gelu else ("none", [], "")
    return torch.ops.mkldnn._linear_pointwise.default(X, weight, bias, *activation)
