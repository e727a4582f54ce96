"""Linear layers by oneDNN, on a CPU: on many processors faster than torch's own, by MKL.

Once per process, a trial finds out whether they are.
"""

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any, Callable, Dict, Optional, Tuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..compat.onednn import has_onednn, linear

_LINEAR: Any = torch.nn.functional.linear
#: The trial's number of rows, of inputs and of outputs, and how often it runs.
_SIZES, _N_RUNS = (256, 384, 1536), 5
#: How different the output may be, relative to its largest value.
_TOLERANCE = 1e-5
#: How much faster it must be.
_GAIN = 1.05

_logger = logging.getLogger("spacy")


def fast_linear(device: Any) -> AbstractContextManager:
    """Compute linear layers in float32 by oneDNN, with their gradients, if that is faster here.

    device (torch.device): The network's device.
    RETURNS (AbstractContextManager): Enter it around a forward pass.
    """
    return FastLinear() if device.type == "cpu" and is_fast() else nullcontext()


class FastLinear(TorchFunctionMode):
    """Compute linear layers in float32 by oneDNN, with their gradients."""

    def __torch_function__(
        self, func: Any, types: Any, args: Tuple = (), kwargs: Optional[Dict] = None
    ) -> Any:
        """Run a torch function, replacing linear layers."""
        if func is _LINEAR and not kwargs and _is_fit(*args):
            return _apply(*args)
        return func(*args, **(kwargs or {}))


@lru_cache
def is_fast() -> bool:
    """RETURNS (bool): Whether oneDNN gives the same results here, and sooner. Logged once."""
    reason = _reason_against()
    if reason is not None:
        _logger.info("The encoder computes linear layers by torch's default: oneDNN %s", reason)
    return reason is None


def _reason_against() -> Optional[str]:
    if not has_onednn():
        return "is missing in this version of torch"
    n_rows, n_inputs, n_outputs = _SIZES
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(n_rows, n_inputs, generator=generator)
    weight = torch.randn(n_outputs, n_inputs, generator=generator)
    bias = torch.randn(n_outputs, generator=generator)
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        expected = _LINEAR(X, weight, bias)
        try:
            error = (linear(X, weight, bias) - expected).abs().max() / expected.abs().max()
        # A private function may take other arguments some day.
        except Exception as err:
            return f"fails: {err}"
        if not error <= _TOLERANCE:
            return f"gives other results (by {float(error):.1e})"
        gain = _seconds(lambda: _LINEAR(X, weight, bias)) / _seconds(
            lambda: linear(X, weight, bias)
        )
    return None if gain >= _GAIN else f"is not faster here ({gain:.2f} times)"


def _seconds(run: Callable[[], object]) -> float:
    found = []
    for _ in range(_N_RUNS):
        started = time.perf_counter()
        run()
        found.append(time.perf_counter() - started)
    return min(found)


def _is_fit(X: Any, weight: Any, bias: Any = None) -> bool:
    if torch.is_autocast_enabled(X.device.type):
        return False
    given = (X, weight) if bias is None else (X, weight, bias)
    return X.numel() > 0 and all(
        each.dtype == torch.float32 and each.device.type == "cpu" for each in given
    )


def _apply(X: Tensor, weight: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    found: Tensor
    if torch.is_grad_enabled():
        found = _Linear.apply(X.flatten(0, -2), weight, bias)
    else:
        found = linear(X.flatten(0, -2), weight, bias)
    return found.view(*X.shape[:-1], len(weight))


class _Linear(torch.autograd.Function):
    """A linear layer, forward and backward by oneDNN."""

    @staticmethod
    def forward(ctx: Any, X: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
        ctx.save_for_backward(X, weight)
        return linear(X, weight, bias)

    @staticmethod
    def backward(
        ctx: Any, *d_output: Tensor
    ) -> Tuple[Optional[Tensor], Optional[Tensor], Optional[Tensor]]:
        (d_Y,) = d_output
        X, weight = ctx.saved_tensors
        needs_X, needs_weight, needs_bias = ctx.needs_input_grad
        return (
            linear(d_Y, weight.t()) if needs_X else None,
            linear(d_Y.t(), X.t()) if needs_weight else None,
            d_Y.sum(dim=0) if needs_bias else None,
        )
