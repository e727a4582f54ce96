"""Suggest the nearest of some names for one that is unknown."""

import difflib
from typing import Iterable


def nearest(given: str, names: Iterable[str]) -> str:
    """Suggest a name.

    given (str): The unknown name.
    names (Iterable[str]): The known names.
    RETURNS (str): A sentence for a message, with a space at its end. Empty if none is near.
    """
    known = {name.lower(): name for name in names}
    found = difflib.get_close_matches(given.lower(), known, n=1, cutoff=0.5)
    return f"Did you mean '{known[found[0]]}'? " if found else ""
