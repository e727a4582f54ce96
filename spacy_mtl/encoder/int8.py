"""Networks with int8 matrix products, for CPUs.

With saved ranges of activations, the copy is in static int8. Pipelines of older versions have
none: they are computed in dynamic int8 by torch. All uses of torch's quantization are here; it
is deprecated.
"""

import warnings
from functools import partial
from typing import Any, Mapping, Optional, Tuple

from .copies import copy_of, twin_of
from .quantized_linear import LinearRange
from .static_int8 import with_int8_layers

Ranges = Mapping[str, LinearRange]


def quantized(network: Any, ranges: Optional[Ranges] = None) -> Any:
    """Get a copy of a network with int8 weight matrices.

    Each row of a weight matrix has its own scale. The original network doesn't change, in memory
    or when saved. The copy shares all other parameters.

    network (Module): A network.
    ranges (Optional[Mapping[str, LinearRange]]): The layers in int8 with the ranges of their
        inputs. By default all layers, with one scale per batch for their inputs, so that vectors
        depend slightly on the rest of the batch.
    RETURNS (Module): The copy, which follows the weights.
    RAISES (ValueError): If torch can't quantize the network here.
    """
    if ranges is None:
        return copy_of(network, "int8", _quantize)
    # The copy keeps the ranges, so that no other ones get their id.
    twin, _ = copy_of(network, f"int8, {id(ranges)}", partial(_quantize_layers, ranges=ranges))
    return twin


def check_quantizable(network: Any) -> None:
    """Reject a network that can't be quantized to int8.

    network (Module): The network.
    RAISES (ValueError): If it isn't on a CPU, or not in float32.
    """
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


def _quantize_layers(network: Any, ranges: Ranges) -> Tuple[Any, Ranges]:
    check_quantizable(network)
    return with_int8_layers(network, ranges), ranges


def _quantize(network: Any) -> Any:
    import torch

    check_quantizable(network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

            twin = twin_of(network)
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
