"""Saving the ranges of activations with an encoder, and checking saved ones."""

from dataclasses import asdict
from typing import Any, Dict, Iterator, Mapping

import numpy
import torch

from .quantized_linear import LinearRange
from .saved_weights import Damage

#: The part of a saved encoder with its ranges. Only encoders in int8 have it.
RANGES = "int8_ranges"
#: More than any activation, and far from the largest number of float32.
_LARGEST = 1e30
_KEYS = {"low", "high", "factors", "shift"}


def save_ranges(ranges: Mapping[str, LinearRange]) -> Dict[str, Dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): The ranges as numbers and arrays."""
    return {name: asdict(found) for name, found in ranges.items()}


def problems_of_ranges(saved: Any) -> Iterator[str]:
    """Check saved ranges: only numbers, and such that layers can be built from them.

    saved (Dict[str, Dict[str, Any]]): The ranges.
    YIELDS (str): One sentence per broken part.
    """
    if not isinstance(saved, dict) or not saved:
        yield Damage(f"its '{RANGES}' are {str(saved)[:100]!r}, expected a dict of layers")
        return
    for name, entry in saved.items():
        where = f"'{str(name)[:100]}' of its '{RANGES}'"
        if not isinstance(name, str) or not isinstance(entry, dict) or set(entry) != _KEYS:
            yield Damage(f"{where} must be a layer with {', '.join(sorted(_KEYS))}")
            continue
        low, high = entry["low"], entry["high"]
        are_floats = isinstance(low, float) and isinstance(high, float)
        if not are_floats or not -_LARGEST < low <= 0 <= high < _LARGEST:
            yield Damage(f"{where} has no valid range: low = {low!r:.50}, high = {high!r:.50}")
        for key in ("factors", "shift"):
            if not _is_vector(entry[key]):
                yield Damage(f"{where} has '{key}' that are not a row of finite float32 numbers")
        # They are divided by.
        if _is_vector(entry["factors"]) and not (entry["factors"] > 1e-20).all():
            yield Damage(f"{where} has factors that are not positive")


def load_ranges(saved: Dict[str, Dict[str, Any]], network: Any) -> Dict[str, LinearRange]:
    """Make ranges from saved ones.

    saved (Dict[str, Dict[str, Any]]): The ranges, without problems.
    network (PreTrainedModel): The encoder that they are for.
    RETURNS (Dict[str, LinearRange]): The ranges by layer.
    RAISES (ValueError): If they are for another network.
    """
    modules = dict(network.named_modules())
    for name, entry in saved.items():
        layer = modules.get(name)
        sizes = entry["shift"].shape + entry["factors"].shape
        if type(layer) is not torch.nn.Linear or layer.weight.shape != sizes:
            raise ValueError(
                f"its '{RANGES}' are of another network: it has no linear layer '{name[:100]}' "
                f"of {sizes[1]} inputs and {sizes[0]} outputs"
            )
    return {name: LinearRange(**entry) for name, entry in saved.items()}


def _is_vector(value: Any) -> bool:
    return (
        isinstance(value, numpy.ndarray)
        and value.dtype == numpy.float32
        and value.ndim == 1
        and bool(numpy.isfinite(value).all())
    )
