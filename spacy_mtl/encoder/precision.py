"""The numeric precision of the encoder."""

import logging
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import Any, Iterator, Optional, Tuple

from thinc.api import get_torch_default_device

from ..compat.torch import bfloat16_of_cpu
from ..registry import block_of
from .int8 import Ranges, quantized
from .mode import evaluate, training
from .prepacked import prepacked

PRECISIONS = ("fp32", "bf16", "int8", "auto")

_logger = logging.getLogger("spacy")


def check_precision(precision: str, architecture: str) -> None:
    """Reject an unknown precision.

    precision (str): The value in the config.
    architecture (str): The architecture that has it, for the error.
    RAISES (ValueError): If it isn't "fp32", "bf16", "int8" or "auto".
    """
    if precision not in PRECISIONS:
        raise ValueError(
            f"'precision' of a {architecture} is {precision!r}, but it must be "
            '"fp32" (float32), "bf16" (bfloat16), "auto" (bfloat16 if the processor or GPU has '
            'it natively) or "int8" (for trained pipelines on a CPU). Fix it in '
            f"{block_of(architecture)}."
        )


@contextmanager
def computing(
    network: Any,
    precision: str,
    is_train: bool,
    ranges: Optional[Ranges] = None,
    *,
    is_encoder: bool = True,
) -> Iterator[Any]:
    """Compute in a given precision, with or without gradients and dropout.

    Use `training` around the backward pass, too: activations recomputed there need dropout.

    network (Module): An encoder, or a network that computes in the same precision.
    precision (str): One of `PRECISIONS`.
    is_train (bool): Whether to train.
    ranges (Optional[Mapping[str, LinearRange]]): See `quantized`.
    is_encoder (bool): Whether it is an encoder.
    YIELDS (Module): The network to call: the encoder, or a copy for prediction.
    RAISES (ValueError): If the encoder would be trained in int8.
    """
    import torch

    if precision == "int8" and is_train:
        raise ValueError(
            'An encoder with precision = "int8" can\'t be trained. Set it to "fp32", "bf16" or '
            '"auto" for training, or freeze the component that contains the encoder.'
        )
    # The network of a scheme may have no parameter.
    parameter = next(network.parameters(), None)
    device = get_torch_default_device() if parameter is None else parameter.device
    if not is_train:
        evaluate(network)
    in_bfloat16 = uses_bfloat16(precision, device)
    running = network
    if precision == "int8":
        running = quantized(network, ranges)
    elif is_encoder and not is_train and device.type == "cpu":
        found = prepacked(network, torch.bfloat16 if in_bfloat16 else torch.float32)
        running = network if found is None else found
    with (
        training(network) if is_train else nullcontext(),
        torch.set_grad_enabled(is_train),
        torch.autocast(device.type, torch.bfloat16, enabled=in_bfloat16),
    ):
        yield running


@lru_cache
def uses_bfloat16(precision: str, device: Any) -> bool:
    """Decide whether to compute in bfloat16. The choice for "auto" is logged once.

    precision (str): One of `PRECISIONS`.
    device (torch.device): The encoder's device.
    RETURNS (bool): True for "bf16", and for "auto" if the device has it natively.
    """
    if precision != "auto":
        return precision == "bf16"
    found, reason = _has_native_bfloat16(device)
    _logger.info("The encoder computes in %s: %s", "bfloat16" if found else "float32", reason)
    return found


def _has_native_bfloat16(device: Any) -> Tuple[bool, str]:
    import torch

    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        found = torch.cuda.get_device_capability(device) >= (8, 0)
        return found, f"{name} has it" if found else f"{name} has no native bfloat16"
    if device.type != "cpu":
        return False, f"bfloat16 is untested on {device.type}"
    feature = bfloat16_of_cpu()
    if feature is not None:
        return True, f"the processor has {feature}"
    return False, "the processor has neither AVX512-BF16 nor AMX"
