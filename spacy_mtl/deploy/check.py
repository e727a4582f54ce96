"""Check a saved pipeline before it is loaded: what would run code, what is damaged or does not fit.

A pipeline of somebody else's is a program as much as data: its config names functions, and its
files may name more. Everything here reads; nothing of the pipeline is imported, resolved or built.
"""

import stat
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Dict, Iterator

import spacy
import srsly
from spacy.language import Language
from spacy.util import is_compatible_version, registry, split_requirement
from thinc.api import Config

from ..files import CHECKSUMS, damaged_files
from .check_component import check_component
from .findings import DAMAGE, DANGER, NOTE, Checked, Finding
from .saved import CONFIG, META, blocks_of, find_pipeline, read_config, read_meta

_TRUST, _AUTO_MAP = "trust_remote_code", "auto_map"
_CODE = {".py", ".pyc", ".so", ".pyd", ".dll", ".pkl", ".pickle", ".pt", ".pth", ".joblib"}


def check_pipeline(name: str) -> Checked:
    """Check a saved pipeline, without loading it.

    name (str): Its folder, or the name of an installed package.
    RETURNS (Checked): What was found.
    RAISES (NoPipelineError): If there is no pipeline of that name.
    """
    folder = find_pipeline(name)
    findings = [*_check_files(folder), *_check_package(folder)]
    findings += [Finding(DAMAGE, CHECKSUMS, text) for text in damaged_files(folder)]
    config, meta = Config(), {}
    try:
        config = read_config(folder)
        if not config.get("nlp"):
            findings.append(Finding(DAMAGE, CONFIG, "It has no block [nlp], as pipelines have"))
    except Exception as err:
        findings.append(Finding(DAMAGE, CONFIG, f"It cannot be read: {err}"))
    try:
        meta = read_meta(folder)
    except Exception as err:
        findings.append(Finding(DAMAGE, META, f"It cannot be read: {err}"))
    findings += [*_check_config(config), *_check_meta(meta)]
    parts = []
    components = config.get("components", {})
    for component in config.get("nlp", {}).get("pipeline", []):
        part, found = check_component(folder, component, components.get(component, {}))
        parts.append(part)
        findings += found
    order = (DANGER, DAMAGE, NOTE)
    findings.sort(key=lambda finding: order.index(finding.kind))
    return Checked(folder, parts, findings, (folder / CHECKSUMS).exists())


def _check_files(folder: Path) -> Iterator[Finding]:
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        where = path.relative_to(folder).as_posix()
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            if not path.resolve().is_relative_to(root):
                yield Finding(DANGER, where, f"It is a link out of the pipeline: {path.resolve()}")
        elif not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            yield Finding(DAMAGE, where, "It is neither a file nor a folder: reading may not end")
        elif path.suffix in _CODE:
            yield Finding(
                NOTE, where, "Files of this kind can hold code. No saved pipeline has any"
            )
        elif path.suffix == ".json":
            yield from _check_json(path, where)


def _check_json(path: Path, where: str) -> Iterator[Finding]:
    try:
        found = srsly.read_json(path)
    except Exception:
        # Whose it is says so, where it matters.
        return
    for _, block in blocks_of(found) if isinstance(found, dict) else ():
        for key in (_TRUST, _AUTO_MAP):
            if block.get(key):
                yield Finding(DANGER, where, f"'{key}' is {block[key]!r}: it asks for code to run")


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


def _check_config(config: Dict[str, Any]) -> Iterator[Finding]:
    # With the first pipeline come the functions and factories of all that is installed.
    known = Language()
    for path, block in blocks_of(config):
        if block.get(_TRUST):
            text = f"'{_TRUST}' is {block[_TRUST]!r}: the encoder's folder may bring code that runs"
            yield Finding(DANGER, f"{CONFIG} [{path}]", text)
        for key, value in block.items():
            if key.startswith("@") and isinstance(value, str) and not _is_known(key[1:], value):
                text = f"{key} = '{value}' is not there: its package is not installed, or its code "
                yield Finding(DAMAGE, f"{CONFIG} [{path}]", text + "is not imported (--code)")
    for name, block in config.get("components", {}).items():
        factory = block.get("factory") if isinstance(block, dict) else None
        if isinstance(factory, str) and not known.has_factory(factory):
            text = f"The factory '{factory}' is not there: its package is not installed"
            yield Finding(DAMAGE, f"{CONFIG} [components.{name}]", text)


def _is_known(group: str, name: str) -> bool:
    # What stands in variables is not known before they are filled in.
    return "$" in name or (hasattr(registry, group) and registry.has(group, name))


def _check_meta(meta: Dict[str, Any]) -> Iterator[Finding]:
    wanted = meta.get("spacy_version")
    if isinstance(wanted, str) and is_compatible_version(spacy.__version__, wanted) is False:
        yield Finding(DAMAGE, META, f"It wants spaCy {wanted}, and this is {spacy.__version__}")
    requirements = meta.get("requirements", [])
    for requirement in requirements if isinstance(requirements, list) else []:
        package, wanted = split_requirement(str(requirement))
        try:
            found = version(package)
        except PackageNotFoundError:
            yield Finding(DAMAGE, META, f"It requires {requirement}, which is not installed")
            continue
        if wanted and is_compatible_version(found, wanted) is False:
            yield Finding(DAMAGE, META, f"It requires {requirement}, and {found} is installed")
