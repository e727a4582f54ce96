"""Checking the versions of spaCy and other packages that a saved pipeline requires."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Iterator

import spacy
from packaging.requirements import InvalidRequirement, Requirement
from spacy.util import is_compatible_version

from .findings import DAMAGE, Finding, guarded
from .saved import META
from .saved_files import read_json


def check_meta(folder: Path) -> Iterator[Finding]:
    """Compare a pipeline's requirements with the installed packages.

    folder (Path): The pipeline.
    YIELDS (Finding): The problems.
    """
    try:
        meta = read_json(folder, folder / META)
    except Exception as err:
        yield Finding(DAMAGE, META, f"It can't be read: {str(err) or type(err).__name__}")
        return
    wanted = meta.get("spacy_version")
    if wanted:
        is_text = isinstance(wanted, str)
        fits = is_compatible_version(spacy.__version__, wanted) if is_text else None
        if fits is None:
            text = f"'spacy_version' is {wanted!r:.80}, but it must be a range such as >=3.8,<3.9"
            yield Finding(DAMAGE, META, text)
        elif not fits:
            yield Finding(
                DAMAGE, META, f"It requires spaCy {wanted}, but this is {spacy.__version__}"
            )
    requirements = meta.get("requirements") or []
    if not isinstance(requirements, list):
        text = f"'requirements' is {requirements!r:.80}, but it must be a list such as spacy>=3.8"
        yield Finding(DAMAGE, META, text)
        return
    for requirement in requirements:
        yield from guarded(META, _check_requirement(requirement))


def _check_requirement(text: Any) -> Iterator[Finding]:
    try:
        wanted = Requirement(text)
    except (InvalidRequirement, TypeError):
        problem = f"'requirements' has {text!r:.80}, but each must look like spacy>=3.8"
        yield Finding(DAMAGE, META, problem)
        return
    # Requirements of other systems don't apply here.
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        yield Finding(DAMAGE, META, f"It requires {text}, which is not installed")
        return
    if not wanted.specifier.contains(found, prereleases=True):
        yield Finding(DAMAGE, META, f"It requires {text}, but {found} is installed")
