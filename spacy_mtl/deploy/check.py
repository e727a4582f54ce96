"""Check a saved pipeline before it is loaded: what would run code, what is damaged or does not fit.

A pipeline of somebody else's is a program as much as data: its config names functions, and its
files may name more. Everything here reads; nothing of the pipeline is imported, resolved or built.
"""

import math
import stat
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy
import spacy
import srsly
from spacy.language import Language
from spacy.util import is_compatible_version, registry, split_requirement
from thinc.api import Config

from ..files import CHECKSUMS, damaged_files
from ..heads.viterbi import class_names
from ..packed import unpack
from .saved import (
    CONFIG,
    META,
    SavedModel,
    blocks_of,
    find_pipeline,
    read_config,
    read_meta,
    read_model,
)

#: It runs code of the pipeline's, or writes or reads where it should not.
DANGER = "danger"
#: It is not what was written, or will not load.
DAMAGE = "damage"
#: Good to know.
NOTE = "note"

_TRUST, _AUTO_MAP = "trust_remote_code", "auto_map"
_CODE = {".py", ".pyc", ".so", ".pyd", ".dll", ".pkl", ".pickle", ".pt", ".pth", ".joblib"}
#: How many classes a head of a kind scores, by its labels.
_N_CLASSES = {
    "mtl_tagger": len,
    "mtl_textcat": len,
    "mtl_textcat_multilabel": len,
    "mtl_ner": lambda labels: len(class_names(labels)),
}


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a pipeline.

    kind (str): `DANGER`, `DAMAGE` or `NOTE`.
    where (str): The file, or the block of the config.
    text (str): What it is.
    """

    kind: str
    where: str
    text: str


@dataclass(frozen=True)
class Part:
    """A component as it is saved.

    name (str): Its name.
    factory (str): What makes it, or its source.
    n_bytes (int): What its files take.
    n_parameters (Optional[int]): Of thinc's layers and the wrapped networks; None without a model.
    n_labels (Optional[int]): Of a head; None if it has no list of labels.
    """

    name: str
    factory: str
    n_bytes: int
    n_parameters: Optional[int]
    n_labels: Optional[int]


@dataclass(frozen=True)
class Checked:
    """What a check has found.

    folder (Path): The pipeline.
    parts (List[Part]): Its components.
    findings (List[Finding]): What is wrong, the worst first.
    has_checksums (bool): Whether its files could be compared with what was written.
    """

    folder: Path
    parts: List[Part]
    findings: List[Finding]
    has_checksums: bool

    @property
    def is_good(self) -> bool:
        """RETURNS (bool): Whether nothing but notes was found."""
        return all(finding.kind == NOTE for finding in self.findings)


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
        part, found = _check_component(folder, component, components.get(component, {}))
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
        lang = config.get("nlp", {}).get("lang")
        if isinstance(factory, str) and not _has_factory(factory, lang):
            text = f"The factory '{factory}' is not there: its package is not installed"
            yield Finding(DAMAGE, f"{CONFIG} [components.{name}]", text)


def _is_known(group: str, name: str) -> bool:
    # What stands in variables is not known before they are filled in.
    return "$" in name or (hasattr(registry, group) and registry.has(group, name))


def _has_factory(factory: str, lang: Any) -> bool:
    names = {factory, f"{lang}.{factory}"}
    return Language.has_factory(factory) or any(name in registry.factories for name in names)


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


def _check_component(folder: Path, name: str, block: Dict[str, Any]) -> Tuple[Part, List[Finding]]:
    path = folder / name
    factory = str(block.get("factory", block.get("source", "?")))
    files = [each for each in path.rglob("*") if each.is_file()]
    n_bytes = sum(each.stat().st_size for each in files)
    findings: List[Finding] = []
    n_parameters = n_labels = None
    file = path / "model"
    if file.is_dir():
        text = "It is a folder, from which the library that reads it may take code. Write it anew "
        text += "with this version of spacy-transformers, from where you trust it"
        findings.append(Finding(DANGER, f"{name}/model", text))
    elif "model" in block and not file.exists():
        findings.append(Finding(DAMAGE, f"{name}/model", "There is no such file"))
    elif file.exists():
        try:
            model = read_model(file)
        except Exception as err:
            findings.append(Finding(DAMAGE, f"{name}/model", f"It cannot be read: {err}"))
        else:
            n_parameters, found = _check_model(model, f"{name}/model")
            findings += found
            n_labels, found = _check_labels(path, name, factory, model)
            findings += found
    return Part(name, factory, n_bytes, n_parameters, n_labels), findings


def _check_model(model: SavedModel, where: str) -> Tuple[int, List[Finding]]:
    # With it come the libraries of encoders.
    from ..encoder.shim import problems_of_shim

    findings = []
    arrays = [array for params in model.params for array in params.values() if array is not None]
    n_parameters = sum(array.size for array in arrays if isinstance(array, numpy.ndarray))
    if any(not numpy.isfinite(a).all() for a in arrays if getattr(a, "dtype", None) == "float32"):
        findings.append(Finding(DAMAGE, where, "It has parameters that are NaN or infinite"))
    for data in (data for shims in model.shims for data in shims):
        if _is_encoder(data):
            findings += [Finding(DANGER, where, text) for text in problems_of_shim(data)]
        try:
            n_parameters += _count_of_network(data)
        except Exception as err:
            text = f"The weights of its network cannot be read as weights only: {err}"
            findings.append(Finding(DANGER, where, text))
    return n_parameters, findings


def _is_encoder(data: bytes) -> bool:
    try:
        message = unpack(data)
    except Exception:
        # Whose it is says so.
        return True
    return isinstance(message, dict) and "tokenizer" in message


def _count_of_network(data: bytes) -> int:
    import torch

    message = unpack(data)
    state = message.get("state") if isinstance(message, dict) else None
    if not state:
        return 0
    weights = torch.load(BytesIO(state), map_location="cpu", weights_only=True)
    return sum(math.prod(each.shape) for each in weights.values() if hasattr(each, "shape"))


def _check_labels(
    path: Path, name: str, factory: str, model: SavedModel
) -> Tuple[Optional[int], List[Finding]]:
    if factory not in _N_CLASSES:
        return None, []
    where = f"{name}/cfg"
    try:
        labels = srsly.read_json(path / "cfg")["labels"]
    except Exception as err:
        return None, [Finding(DAMAGE, where, f"It cannot be read: {err!r}")]
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        return None, [Finding(DAMAGE, where, f"'labels' is no list of labels: {labels!r:.80}")]
    expected = _N_CLASSES[factory](labels)
    if model.n_outputs != expected:
        text = f"It has {len(labels)} labels, so {expected} classes, and the model scores "
        return len(labels), [Finding(DAMAGE, where, f"{text}{model.n_outputs}")]
    return len(labels), []
