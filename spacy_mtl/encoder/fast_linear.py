"""Linear layers by oneDNN, on a CPU: on many processors faster than torch's own, by MKL.

Once per process and type, a trial finds out whether they are.
"""

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode

from ..compat.onednn import has_onednn, linear, prepack

_LINEAR: Any = torch.nn.functional.linear
#: The trial's number of rows, of inputs and of outputs, and how often it runs.
_SIZES, _N_RUNS = (256, 384, 1536), 7
#: How different the output may be, relative to its largest value.
_TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 2e-2}
#: How much faster it must be. The trial doesn't see that bfloat16 weights are converted only once.
_GAINS = {torch.float32: 1.05, torch.bfloat16: 1.0}

_logger = logging.getLogger("spacy")


def fast_linear(device: Any) -> AbstractContextManager:
    """Compute linear layers in float32 by oneDNN, with their gradients, if that is faster here.

    device (torch.device): The network's device.
    RETURNS (AbstractContextManager): Enter it around a forward pass.
    """
    # torch's layers in bfloat16 are by oneDNN already.
    if device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return nullcontext()
    return FastLinear() if is_fast(torch.float32) else nullcontext()


def fast_encoder(network: Any) -> AbstractContextManager:
    """Compute the linear layers of an encoder by oneDNN: see `fast_linear`.

    Not with gradient checkpointing, which would compute them again in another way. Networks of
    users may do that, so theirs stay as they are.

    network (Module): The network.
    RETURNS (AbstractContextManager): Enter it around a forward pass.
    """
    # Commands that need no encoder don't import the library.
    from transformers import PreTrainedModel

    if not isinstance(network, PreTrainedModel) or network.is_gradient_checkpointing:
        return nullcontext()
    return fast_linear(network.device)


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
def is_fast(dtype: Any) -> bool:
    """Find out whether oneDNN gives the same results here, and sooner.

    dtype (torch.dtype): float32 or bfloat16.
    RETURNS (bool): Whether it does. A reason against it is logged once.
    """
    reason = _reason_against(dtype)
    if reason is not None:
        name = str(dtype).replace("torch.", "")
        _logger.info("Linear layers in %s run by torch's default: oneDNN %s", name, reason)
    return reason is None


def _reason_against(dtype: Any) -> Optional[str]:
    if not has_onednn():
        return "is missing in this version of torch"
    n_rows, n_inputs, n_outputs = _SIZES
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(n_rows, n_inputs, generator=generator).to(dtype)
    weight = torch.randn(n_outputs, n_inputs, generator=generator).to(dtype)
    bias = torch.randn(n_outputs, generator=generator).to(dtype)
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        expected = _LINEAR(X, weight, bias)
        try:
            # In training, float32 weights change in every step.
            packed = weight if dtype == torch.float32 else prepack(weight)
            error = (linear(X, packed, bias) - expected).abs().max() / expected.abs().max()
        # A private function may take other arguments some day.
        except Exception as err:
            return f"fails: {err}"
        if not error <= _TOLERANCES[dtype]:
            return f"gives other results (by {float(error):.1e})"
        gain = _gain(lambda: _LINEAR(X, weight, bias), lambda: linear(X, packed, bias))
    return None if gain >= _GAINS[dtype] else f"is not faster here ({gain:.2f} times)"


def _gain(run: Callable[[], object], run_other: Callable[[], object]) -> float:
    """RETURNS (float): How many times as fast the other is. They take turns."""
    seconds: Tuple[List[float], List[float]] = ([], [])
    for _ in range(_N_RUNS):
        for each, found in zip((run, run_other), seconds):
            started = time.perf_counter()
            each()
            found.append(time.perf_counter() - started)
    return min(seconds[0]) / min(seconds[1])


def _is_fit(X: Any, weight: Any, bias: Any = None) -> bool:
    if torch.is_autocast_enabled(X.device.type) or X.dim() < 2 or weight.dim() != 2:
        return False
    if bias is not None and bias.shape != weight.shape[:1]:
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
        found: Tensor = linear(X, weight, bias)
        return found

    @staticmethod
    @once_differentiable
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
