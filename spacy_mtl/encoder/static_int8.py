"""Networks in int8 with fixed ranges of activations: see `calibration`."""

from typing import Any, Mapping

from .copies import twin_of
from .quantized_linear import LinearRange, QuantizedLinear


def with_int8_layers(network: Any, ranges: Mapping[str, LinearRange]) -> Any:
    """Copy a network with some of its linear layers in int8.

    network (PreTrainedModel): An encoder in float32, on a CPU. It doesn't change.
    ranges (Mapping[str, LinearRange]): The layers by name. All others stay as they are.
    RETURNS (PreTrainedModel): The copy. It shares all other parameters.
    """
    twin = twin_of(network)
    for name, found in ranges.items():
        parent, _, own = name.rpartition(".")
        layer = QuantizedLinear(network.get_submodule(name), found)
        setattr(twin.get_submodule(parent), own, layer)
    return twin
