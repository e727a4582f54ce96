"""The sharing schemes of the package."""

import inspect
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any, Dict, List, Mapping

#: What all others are compared with.
BASELINE = "HardSharing"
#: Those inside the encoder, which must then be part of `mtl`.
INSIDE = ("Adapters", "LayerMix", "PartialSharing")
#: Those whose layers start from the encoder's, and learn at its rate.
PRETRAINED = ("PartialSharing",)


def find_schemes() -> List[str]:
    """Find the registered schemes: architectures in `spacy_mtl.sharing` that take an encoder.

    RETURNS (List[str]): Their names, such as "MMoE", with `BASELINE` first.
    """
    return sorted(_settings_by_scheme(), key=lambda name: (name != BASELINE, name))


def defaults_of(scheme: str) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The default settings of a scheme. Empty if there is no such one."""
    found = _settings_by_scheme().get(scheme, {})
    # Rarely, a value is none that JSON has.
    plain = (bool, int, float, str, list, tuple, dict, type(None))
    return {
        name: each.default if isinstance(each.default, plain) else repr(each.default)
        for name, each in found.items()
        if name != "tok2vec"
    }


@lru_cache
def _settings_by_scheme() -> Dict[str, Mapping[str, inspect.Parameter]]:
    found = {
        entry.name.split(".")[1]: inspect.signature(entry.load()).parameters
        for entry in entry_points(group="spacy_architectures")
        if entry.value.startswith("spacy_mtl.sharing.")
    }
    return {name: settings for name, settings in found.items() if "tok2vec" in settings}
