"""Linear layers by oneDNN, on a CPU: on many processors faster than torch's own, by MKL.

Once per process and type, a trial finds out whether they are. The results of both differ in the
last bits, so a training that is resumed must not try again: see `linear_choices`. Processes whose
results shall be the same are told which to take: see `CHOICE`.
"""

import logging
import os
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode

from ..compat.onednn import has_onednn, linear, prepack
from ..locks import ForkSafeLock

_LINEAR: Any = torch.nn.functional.linear
#: The trial's number of rows, of inputs and of outputs, and how often it runs.
_SIZES, _N_RUNS = (256, 384, 1536), 7
#: How different the output may be, relative to its largest value.
_TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 2e-2}
#: How much faster it must be. Where it is as fast as torch's default, or a little faster, no trial
#: shall find that it is. It doesn't see that bfloat16 weights are converted only once.
_GAINS = {torch.float32: 1.2, torch.bfloat16: 1.0}

#: The environment variable that decides instead of a trial: "onednn" (if it works), or "torch".
CHOICE = "SPACY_MTL_LINEAR"

_logger = logging.getLogger("spacy")
_TRYING = ForkSafeLock()
#: Whether it is faster, by type.
_CHOICES: Dict[Any, bool] = {}


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


def is_fast(dtype: Any) -> bool:
    """Find out whether oneDNN gives the same results here, and sooner.

    dtype (torch.dtype): float32 or bfloat16.
    RETURNS (bool): Whether it does, or what the environment variable `CHOICE` says, at the first
        call. A reason against it is logged once.
    RAISES (ValueError): If the variable has another value.
    """
    if dtype not in _CHOICES:
        with _TRYING:
            if dtype not in _CHOICES:
                reason = _chosen_reason_against(dtype)
                if reason is not None:
                    _log(dtype, f"oneDNN {reason}")
                _CHOICES[dtype] = reason is None
    return _CHOICES[dtype]


def linear_choices() -> Dict[str, bool]:
    """RETURNS (Dict[str, bool]): What trials found so far, by type: see `is_fast`."""
    return {_name(dtype): found for dtype, found in _CHOICES.items()}


def set_linear_choices(found: Mapping[str, bool]) -> None:
    """Compute linear layers as another process did, whatever is faster here.

    found (Mapping[str, bool]): The `linear_choices` of that process. oneDNN is only used if it
        works here.
    """
    for name, is_chosen in found.items():
        dtype = getattr(torch, name)
        reason = _reason_against(dtype, is_timed=False) if is_chosen else None
        if reason is not None:
            _log(dtype, f"unlike before, oneDNN {reason}")
        _CHOICES[dtype] = is_chosen and reason is None


def _name(dtype: Any) -> str:
    return str(dtype).replace("torch.", "")


def _log(dtype: Any, reason: str) -> None:
    _logger.info("Linear layers in %s run by torch's default: %s", _name(dtype), reason)


def _chosen_reason_against(dtype: Any) -> Optional[str]:
    """As `_reason_against`, unless the environment has decided."""
    choice = os.environ.get(CHOICE, "auto")
    if choice == "torch":
        return f"is switched off by {CHOICE}"
    if choice not in ("auto", "onednn"):
        raise ValueError(
            f'The environment variable {CHOICE} is "{choice}". It can be "auto" (the faster one, '
            'as without the variable), "onednn" or "torch".'
        )
    return _reason_against(dtype, is_timed=choice == "auto")


def _reason_against(dtype: Any, *, is_timed: bool = True) -> Optional[str]:
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
        if not is_timed:
            return None
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
