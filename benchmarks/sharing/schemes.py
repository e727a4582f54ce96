"""The sharing schemes of the package."""

import inspect
from importlib.metadata import entry_points
from typing import List

#: What all others are compared with.
BASELINE = "HardSharing"


def find_schemes() -> List[str]:
    """Find the registered schemes: architectures in `spacy_mtl.sharing` that take an encoder.

    RETURNS (List[str]): Their names, such as "MMoE", with `BASELINE` first.
    """
    found = {
        entry.name.split(".")[1]
        for entry in entry_points(group="spacy_architectures")
        if entry.value.startswith("spacy_mtl.sharing.")
        and "tok2vec" in inspect.signature(entry.load()).parameters
    }
    return sorted(found, key=lambda name: (name != BASELINE, name))
