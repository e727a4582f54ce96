"""Check what a component has saved: its model, its weights, the labels of a head."""

import math
from io import BytesIO
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy
import srsly

from ..heads.viterbi import class_names
from ..packed import unpack
from .findings import DAMAGE, DANGER, Finding, Part
from .saved import SavedModel, read_model

#: How many classes a head of a kind scores, by its labels.
_N_CLASSES = {
    "mtl_tagger": len,
    "mtl_textcat": len,
    "mtl_textcat_multilabel": len,
    "mtl_ner": lambda labels: len(class_names(labels)),
}


def check_component(folder: Path, name: str, block: Dict[str, Any]) -> Tuple[Part, List[Finding]]:
    """Check what a component has saved.

    folder (Path): The pipeline.
    name (str): The component.
    block (Dict[str, Any]): Its block in the config.
    RETURNS (Tuple[Part, List[Finding]]): What it is, and what is wrong.
    """
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
