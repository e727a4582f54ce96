"""Networks with int8 matrix products, for CPUs.

All uses of torch's quantization are here. It is deprecated in favor of torchao, whose CPU
kernels are slower than float32 unless they are compiled (20 times, with torchao 0.18 on a
processor with AVX2).
"""

import copy
import warnings
from typing import Any

from .copies import copy_of


def quantized(network: Any) -> Any:
    """Get a copy of a network with int8 weight matrices.

    Each row of a weight matrix has its own scale. Inputs are quantized on the fly with one
    scale per batch, so vectors depend slightly on the rest of the batch. The original network
    doesn't change, in memory or when saved. The copy shares all other parameters.

    network (Module): A network.
    RETURNS (Module): The copy, which follows the weights.
    RAISES (ValueError): If torch can't quantize the network here.
    """
    return copy_of(network, "int8", _quantize)


def _quantize(network: Any) -> Any:
    import torch

    device = next(network.parameters()).device
    if device.type != "cpu":
        raise ValueError(
            f'The encoder is on {device}, but precision = "int8" is for CPUs. Set it to '
            '"bf16", "fp32" or "auto", or use the CPU.'
        )
    dtypes = {p.dtype for p in network.parameters()}
    if dtypes != {torch.float32}:
        raise ValueError(
            f"The encoder has weights in {', '.join(sorted(map(str, dtypes)))}, but only float32 "
            'can be quantized to int8. Set precision = "fp32" or "bf16".'
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

            twin = copy.deepcopy(network, {id(p): p for p in network.parameters()}).eval()
            settings = {torch.nn.Linear: per_channel_dynamic_qconfig}
            twin = quantize_dynamic(twin, settings, inplace=True)
        # RuntimeError: torch has no kernels for this processor.
        except (ImportError, RuntimeError) as err:
            raise ValueError(
                f"torch {torch.__version__} can't compute in int8 here: {err}. Set precision = "
                '"auto".'
            ) from err
    if not any(".quantized." in type(module).__module__ for module in twin.modules()):
        raise ValueError(
            f"The encoder ({type(network).__name__}) has no torch.nn.Linear to quantize to int8. "
            'Set precision = "auto".'
        )
    return twin
