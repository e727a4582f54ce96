"""The requirements of installed distributions, from their metadata."""

import importlib.metadata
from typing import Dict, List, Set

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def requirements(name: str, extras: Set[str]) -> List[Requirement]:
    """The requirements of a distribution on this machine, with some of its extras."""
    found = map(Requirement, importlib.metadata.distribution(name).requires or [])
    environments = [{"extra": canonicalize_name(extra)} for extra in ["", *extras]]
    return [req for req in found if not req.marker or any(map(req.marker.evaluate, environments))]


def closure(extra: str) -> Dict[str, Set[str]]:
    """All distributions that the package needs with an extra, each with its requested extras.

    extra (str): An extra, or "" for none.
    RETURNS (Dict[str, Set[str]]): Extras by canonical name, including the package itself.
    """
    found: Dict[str, Set[str]] = {}
    queue = [Requirement(f"spacy-mtl[{extra}]" if extra else "spacy-mtl")]
    while queue:
        req = queue.pop()
        name = canonicalize_name(req.name)
        if name not in found or not req.extras <= found[name]:
            found[name] = found.get(name, set()) | req.extras
            queue += requirements(name, req.extras)
    return found
