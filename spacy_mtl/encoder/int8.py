"""Networks whose matrix products are in int8, for CPUs.

All that touches torch's quantization is here: it is deprecated in favour of torchao, whose
kernels for CPUs are slower than float32 unless they are compiled (20 times, with torchao 0.18
on a processor with AVX2).
"""

import copy
import warnings
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

# One twin for all threads.
_MAKING = Lock()
_QUANTIZED: "WeakKeyDictionary[Any, Any]" = WeakKeyDictionary()


def quantized(network: Any) -> Any:
    """Give a network's twin that multiplies by weights in int8.

    Each row of a weight has a scale of its own; what it is multiplied by is quantized as it
    comes, with one scale a batch, so that vectors depend a little on what else is in it.
    The network itself stays as it is, in memory and in what is saved. What is no matrix is
    shared.

    network (Module): A network. Its weights must not change any more.
    RETURNS (Module): The twin, made once.
    RAISES (ValueError): If torch cannot do it here.
    """
    with _MAKING:
        if network not in _QUANTIZED:
            _QUANTIZED[network] = _quantize(network)
        return _QUANTIZED[network]


def _quantize(network: Any) -> Any:
    import torch

    device = next(network.parameters()).device
    if device.type != "cpu":
        raise ValueError(
            f'The encoder is on {device}, and precision = "int8" is for CPUs. Set it to '
            '"bf16", "fp32" or "auto", or use the CPU.'
        )
    dtypes = {p.dtype for p in network.parameters()}
    if dtypes != {torch.float32}:
        raise ValueError(
            f"The encoder has weights in {', '.join(sorted(map(str, dtypes)))}, and only float32 "
            'becomes int8. Set precision = "fp32" or "bf16".'
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
                f"torch {torch.__version__} cannot compute in int8 here: {err}. Set precision = "
                '"auto".'
            ) from err
    if not any(".quantized." in type(module).__module__ for module in twin.modules()):
        raise ValueError(
            f"The encoder ({type(network).__name__}) has no torch.nn.Linear that could become "
            'int8. Set precision = "auto".'
        )
    return twin
