"""Check a saved pipeline before it is loaded: what would run code, what is damaged or does not fit.

A pipeline of somebody else's is a program as much as data: its config names functions, and its
files may name more. Everything here reads; nothing of the pipeline is imported, resolved or built.
"""

import os
import stat
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Dict, Iterator, List

import spacy
import srsly
from packaging.requirements import InvalidRequirement, Requirement
from spacy.util import is_compatible_version
from thinc.api import Config

from ..encoder.saved_settings import CODE
from ..files import CHECKSUMS, damaged_files
from .check_component import check_component
from .findings import DAMAGE, DANGER, NOTE, Checked, Finding, Part, guarded
from .registered import has_factory, has_function, package_of, register_own
from .saved import (
    CONFIG,
    META,
    blocks_of,
    check_size,
    find_pipeline,
    is_inside,
    is_plain,
    read_file,
    read_json,
    read_saved_config,
)

_CODE_SUFFIXES = {
    *(".py", ".pyc", ".so", ".pyd", ".dll", ".pkl", ".pickle", ".pt", ".pth", ".joblib"),
}


def check_pipeline(name: str) -> Checked:
    """Check a saved pipeline, without loading it.

    name (str): Its folder, or the name of an installed package.
    RETURNS (Checked): What was found.
    RAISES (NoPipelineError): If there is no pipeline of that name.
    """
    folder = find_pipeline(name)
    findings: List[Finding] = []
    findings += guarded(str(folder), _check_files(folder))
    findings += guarded(str(folder.parent / "__init__.py"), _check_package(folder))
    findings += guarded(CHECKSUMS, _check_checksums(folder))
    findings += guarded(META, _check_meta(folder))
    try:
        config = read_saved_config(folder)
    except Exception as err:
        config = Config()
        findings.append(
            Finding(DAMAGE, CONFIG, f"It cannot be read: {str(err) or type(err).__name__}")
        )
    else:
        findings += guarded(CONFIG, _check_config(config))
    parts: List[Part] = []
    findings += guarded(CONFIG, _check_components(folder, config, parts))
    order = (DANGER, DAMAGE, NOTE)
    findings.sort(key=lambda finding: order.index(finding.kind))
    return Checked(folder, parts, findings, os.path.lexists(folder / CHECKSUMS))


def _check_files(folder: Path) -> Iterator[Finding]:
    closed: List[OSError] = []
    for root, folders, files in os.walk(folder, onerror=closed.append):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = Path(root, name)
            where = path.relative_to(folder).as_posix()
            yield from guarded(where, _check_file(folder, path, where))
    for err in closed:
        yield Finding(DAMAGE, str(err.filename), f"It cannot be looked into: {err}")


def _check_file(folder: Path, path: Path, where: str) -> Iterator[Finding]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        if not is_inside(path, folder):
            text = f"It is a link out of the pipeline: {os.path.realpath(path)}"
            yield Finding(DANGER, where, text)
        elif not os.path.exists(path):
            yield Finding(DAMAGE, where, f"It is a link that leads nowhere: {os.readlink(path)}")
    elif stat.S_ISDIR(mode):
        return
    elif not stat.S_ISREG(mode):
        yield Finding(DAMAGE, where, "It is neither a file nor a folder: reading may not end")
    elif path.suffix in _CODE_SUFFIXES:
        yield Finding(NOTE, where, "Files of this kind can hold code. No saved pipeline has any")
    elif path.suffix == ".json":
        yield from _check_json(folder, path, where)


def _check_json(folder: Path, path: Path, where: str) -> Iterator[Finding]:
    data = read_file(folder, path)
    try:
        found = srsly.json_loads(data.decode("utf8"))
    except ValueError:
        # Whose it is says so, where it matters.
        return
    for _, block in blocks_of(found if isinstance(found, (dict, list)) else {}):
        for key in sorted(CODE & block.keys()):
            # In a vocabulary it is the number of a word.
            is_word = isinstance(block[key], int) and not isinstance(block[key], bool)
            if block[key] and not is_word:
                yield Finding(
                    DANGER, where, f"'{key}' is {block[key]!r:.80}: it asks for code to run"
                )


def _check_package(folder: Path) -> Iterator[Finding]:
    init = folder.parent / "__init__.py"
    if not init.is_file():
        return
    code = [line.strip() for line in init.read_text(encoding="utf8", errors="replace").split("\n")]
    imported = [line for line in code if line.startswith("from . import")]
    if imported:
        brought = ", ".join(line.removeprefix("from . import ") for line in imported)
        text = f"The package brings code of its own, which runs when it is loaded: {brought}"
        yield Finding(NOTE, str(init), text)


def _check_checksums(folder: Path) -> Iterator[Finding]:
    path = folder / CHECKSUMS
    if os.path.lexists(path):
        # It refuses what cannot be read to its end.
        read_file(folder, path)
        # Of a file without end, so does this: no checksum is made of it.
        for root, _, names in os.walk(folder):
            for name in names:
                check_size(os.lstat(os.path.join(root, name)).st_size)
        for text in damaged_files(folder):
            yield Finding(DAMAGE, CHECKSUMS, text)


def _check_config(config: Dict[str, Any]) -> Iterator[Finding]:
    nlp = config.get("nlp")
    if not nlp or not isinstance(nlp, dict):
        yield Finding(DAMAGE, CONFIG, "It has no block [nlp], as pipelines have")
        nlp = {}
    lang = nlp.get("lang")
    register_own(lang)
    components = config.get("components")
    brought = set()
    for name, block in components.items() if isinstance(components, dict) else ():
        factory = block.get("factory") if isinstance(block, dict) else None
        if isinstance(factory, str):
            brought.add(package_of(factory))
            if not has_factory(factory, lang):
                text = f"The factory '{factory}' is not there: its package is not installed"
                yield Finding(DAMAGE, f"{CONFIG} [components.{name}]", text)
    packages = ", ".join(sorted(filter(None, brought)))
    for path, block in blocks_of(config):
        where = f"{CONFIG} [{path}]"
        for key in sorted(CODE & block.keys()):
            if block[key]:
                text = (
                    f"'{key}' is {block[key]!r:.80}: the encoder's folder may bring code that runs"
                )
                yield Finding(DANGER, where, text)
        for key, value in block.items():
            if not key.startswith("@") or not isinstance(value, str) or _is_known(key[1:], value):
                continue
            text = f"{key} = '{value}' is not there"
            if packages:
                text += f", unless a package registers it once it is imported: {packages}"
                yield Finding(NOTE, where, text)
            else:
                text += ": its package is not installed, or its code is not imported (--code)"
                yield Finding(DAMAGE, where, text)


def _is_known(group: str, name: str) -> bool:
    # What stands in variables is not known before they are filled in.
    return "$" in name or has_function(group, name)


def _check_components(folder: Path, config: Dict[str, Any], parts: List[Part]) -> Iterator[Finding]:
    """Collect what they are on the way."""
    nlp, components = config.get("nlp"), config.get("components", {})
    names = nlp.get("pipeline", []) if isinstance(nlp, dict) else []
    if not isinstance(names, list):
        text = f"'pipeline' is {names!r:.80}, but it must be a list of names of components"
        yield Finding(DAMAGE, f"{CONFIG} [nlp]", text)
        names = []
    if not isinstance(components, dict):
        yield Finding(DAMAGE, f"{CONFIG} [components]", f"It is no block, but {components!r:.80}")
        components = {}
    for i, name in enumerate(names):
        if not isinstance(name, str):
            text = f"'pipeline' has {name!r:.80}, but it must be a list of names of components"
            yield Finding(DAMAGE, f"{CONFIG} [nlp]", text)
        elif not is_plain(name):
            text = f"'pipeline' has {name!r:.200}, but each is the plain name of a folder in the "
            text += "pipeline. It is not opened"
            yield Finding(DANGER, f"{CONFIG} [nlp]", text)
        elif name in names[:i]:
            yield Finding(DAMAGE, f"{CONFIG} [nlp]", f"'pipeline' has '{name}' more than once")
        else:
            block = components.get(name)
            if not isinstance(block, dict):
                has = "There is no such block" if block is None else f"It is {block!r:.80}"
                text = f"{has}, but 'pipeline' of [nlp] names the component"
                yield Finding(DAMAGE, f"{CONFIG} [components.{name}]", text)
                block = {}
            part, found = check_component(folder, name, block)
            parts.append(part)
            yield from found


def _check_meta(folder: Path) -> Iterator[Finding]:
    try:
        meta = read_json(folder, folder / META)
    except Exception as err:
        yield Finding(DAMAGE, META, f"It cannot be read: {str(err) or type(err).__name__}")
        return
    wanted = meta.get("spacy_version")
    if wanted:
        is_text = isinstance(wanted, str)
        fits = is_compatible_version(spacy.__version__, wanted) if is_text else None
        if fits is None:
            text = f"'spacy_version' is {wanted!r:.80}, but it must be a range such as >=3.8,<3.9"
            yield Finding(DAMAGE, META, text)
        elif not fits:
            yield Finding(DAMAGE, META, f"It wants spaCy {wanted}, and this is {spacy.__version__}")
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
        told = f"'requirements' has {text!r:.80}, but each must be such as spacy>=3.8"
        yield Finding(DAMAGE, META, told)
        return
    # Of another system, it is none here.
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        yield Finding(DAMAGE, META, f"It requires {text}, which is not installed")
        return
    if not wanted.specifier.contains(found, prereleases=True):
        yield Finding(DAMAGE, META, f"It requires {text}, and {found} is installed")
