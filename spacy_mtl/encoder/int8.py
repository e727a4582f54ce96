"""Networks with int8 matrix products, for CPUs.

With saved ranges of activations, the copy is in static int8. Pipelines of older versions have
none: they are computed in dynamic int8 by torch. All uses of torch's quantization are here; it
is deprecated.
"""

import copy
import warnings
from threading import Lock
from typing import Any, Mapping, Optional, Tuple
from weakref import WeakKeyDictionary

from .quantized_linear import LinearRange
from .static_int8 import with_int8_layers

Ranges = Mapping[str, LinearRange]

# All threads share one copy.
_MAKING = Lock()
_QUANTIZED: "WeakKeyDictionary[Any, Tuple[Any, Optional[Ranges]]]" = WeakKeyDictionary()


def quantized(network: Any, ranges: Optional[Ranges] = None) -> Any:
    """Get a copy of a network with int8 weight matrices.

    Each row of a weight matrix has its own scale. The original network doesn't change, in memory
    or when saved. The copy shares all other parameters.

    network (Module): A network. Its weights must not change anymore.
    ranges (Optional[Mapping[str, LinearRange]]): The layers in int8 with the ranges of their
        inputs. By default all layers, with one scale per batch for their inputs, so that vectors
        depend slightly on the rest of the batch.
    RETURNS (Module): The copy, created once per network and ranges.
    RAISES (ValueError): If torch can't quantize the network here.
    """
    with _MAKING:
        twin, its_ranges = _QUANTIZED.get(network, (None, None))
        if twin is None or its_ranges is not ranges:
            _check(network)
            twin = _quantize(network) if ranges is None else with_int8_layers(network, ranges)
            _QUANTIZED[network] = twin, ranges
        return twin


def _check(network: Any) -> None:
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


def _quantize(network: Any) -> Any:
    import torch

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
