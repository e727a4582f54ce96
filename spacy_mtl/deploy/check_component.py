"""Checking the saved files of a component: its model, its weights, the labels of a head."""

import os
import pickle
from io import BytesIO
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple, Type

import numpy

from ..compat.srsly import unpack_plain
from ..encoder.saved import PARTS, problems_of_message
from ..encoder.saved_weights import Damage, problems_of_weights
from ..heads.component import TaskHead
from ..heads.loading import check_labels
from ..heads.ner import EntityRecognizer
from ..heads.tagger import Tagger
from ..heads.textcat import TextCategorizer
from ..heads.textcat_multilabel import MultiLabelTextCategorizer
from .findings import DAMAGE, DANGER, NOTE, Finding, Part, guarded
from .saved import CONFIG
from .saved_files import is_inside, read_json
from .saved_model import SavedModel, read_model

#: The heads, by their factories.
_HEADS: Dict[str, Type[TaskHead]] = {
    "mtl_tagger": Tagger,
    "mtl_ner": EntityRecognizer,
    "mtl_textcat": TextCategorizer,
    "mtl_textcat_multilabel": MultiLabelTextCategorizer,
}


def check_component(folder: Path, name: str, block: Dict[str, Any]) -> Tuple[Part, List[Finding]]:
    """Check the saved files of a component.

    folder (Path): The pipeline.
    name (str): The component, which is the plain name of a folder.
    block (Dict[str, Any]): Its block in the config.
    RETURNS (Tuple[Part, List[Finding]]): The component and its problems.
    """
    part = Part(name, str(block.get("factory", block.get("source", "?"))))
    return part, list(guarded(name, _check(folder, part, block)))


def _check(folder: Path, part: Part, block: Dict[str, Any]) -> Iterator[Finding]:
    """Yield the problems, and fill in the part on the way."""
    path = folder / part.name
    teacher = block.get("teacher")
    if isinstance(teacher, dict):
        text = f"Training it further loads another pipeline, {teacher.get('path')!r:.80}, and "
        text += f"writes beside it or to {teacher.get('cache')!r:.80}. Loading it does not"
        yield Finding(NOTE, f"{CONFIG} [components.{part.name}.teacher]", text)
    if not is_inside(path, folder):
        text = "It is a link out of the pipeline. Its target is not opened"
        yield Finding(DANGER, part.name, text)
        return
    # os.walk doesn't follow links.
    for root, _, names in os.walk(path):
        part.n_bytes += sum(os.lstat(os.path.join(root, each)).st_size for each in names)
    file, where = path / "model", f"{part.name}/model"
    if not os.path.lexists(file):
        if "model" in block:
            yield Finding(DAMAGE, where, "There is no such file")
        return
    if os.path.isdir(file):
        text = "It is a folder, and the library that reads it may run code from it. Save it again "
        text += "with this version of spacy-transformers, from a source that you trust"
        yield Finding(DANGER, where, text)
        return
    try:
        model = read_model(folder, file)
    except Exception as err:
        yield Finding(DAMAGE, where, f"It can't be read: {str(err) or type(err).__name__}")
        return
    yield from guarded(where, _check_arrays(model, part, where))
    for data in (data for shims in model.shims for data in shims):
        yield from guarded(where, _check_shim(data, part, where))
    if part.factory in _HEADS:
        where = f"{part.name}/cfg"
        yield from guarded(where, _check_labels(folder, part, model, where))


def _check_arrays(model: SavedModel, part: Part, where: str) -> Iterator[Finding]:
    arrays = [array for params in model.params for array in params.values() if array is not None]
    part.n_parameters = sum(array.size for array in arrays)
    # "c": complex numbers have two parts.
    if any(not numpy.isfinite(array).all() for array in arrays if array.dtype.kind in "fc"):
        yield Finding(DAMAGE, where, "It has parameters that are NaN or infinite")


def _check_shim(data: bytes, part: Part, where: str) -> Iterator[Finding]:
    try:
        message = unpack_plain(data)
    except Exception as err:
        text = f"The bytes of its network are damaged or truncated ({type(err).__name__}: {err})"
        yield Finding(DAMAGE, where, text)
        return
    if not isinstance(message, dict):
        return
    problems: List[str] = []
    if "tokenizer" in message:
        missing = [key for key in PARTS if key not in message]
        if missing:
            text = f"Its encoder has no {', '.join(missing)}: found {', '.join(map(str, message))}"
            yield Finding(DAMAGE, where, text[:200])
            return
        problems = list(problems_of_message(message))
    elif isinstance(message.get("values"), dict):
        # A sharing scheme.
        yield from _check_values(message["values"], part, where)
    elif message.get("state"):
        problems = list(problems_of_weights(message["state"]))
    for problem in problems:
        yield Finding(DAMAGE if isinstance(problem, Damage) else DANGER, where, problem)
    if message.get("state") and not problems:
        yield from _check_weights(message["state"], part, where)


def _check_values(values: Dict[str, Any], part: Part, where: str) -> Iterator[Finding]:
    arrays = [array for array in values.values() if isinstance(array, numpy.ndarray)]
    if len(arrays) < len(values):
        yield Finding(DAMAGE, where, "Its sharing scheme has values that aren't arrays")
    part.n_parameters = (part.n_parameters or 0) + sum(array.size for array in arrays)
    if any(not numpy.isfinite(array).all() for array in arrays if array.dtype.kind in "fc"):
        yield Finding(DAMAGE, where, "Its sharing scheme has values that are NaN or infinite")


def _check_weights(state: bytes, part: Part, where: str) -> Iterator[Finding]:
    import torch

    try:
        weights = torch.load(BytesIO(state), map_location="cpu", weights_only=True)
    except Exception as err:
        # torch raises UnpicklingError for anything other than weights.
        kind = DANGER if isinstance(err, pickle.UnpicklingError) else DAMAGE
        text = f"The weights of its network can't be read as weights only: {err}"
        yield Finding(kind, where, text)
        return
    if not isinstance(weights, dict):
        text = f"The weights of its network must be a dict of arrays, not {type(weights).__name__}"
        yield Finding(DAMAGE, where, text)
        return
    bad = []
    for name, array in weights.items():
        if not isinstance(array, torch.Tensor):
            continue
        part.n_parameters = (part.n_parameters or 0) + array.numel()
        # A single number may pass for millions, which the check below would create.
        if array.numel() * array.element_size() > array.untyped_storage().nbytes():
            yield Finding(DAMAGE, where, f"'{name}' of its network is larger than its saved data")
        elif not torch.isfinite(array).all():
            bad.append(str(name))
    if bad:
        text = "The weights of its network are NaN or infinite in "
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        yield Finding(DAMAGE, where, text + ", ".join(bad[:3]) + more)


def _check_labels(folder: Path, part: Part, model: SavedModel, where: str) -> Iterator[Finding]:
    try:
        cfg = read_json(folder, folder / part.name / "cfg")
        check_labels(cfg)
    except Exception as err:
        yield Finding(DAMAGE, where, f"It can't be read: {str(err) or type(err).__name__}")
        return
    labels = cfg["labels"]
    part.n_labels = len(labels)
    n_classes = len(_HEADS[part.factory].classes_of(labels))
    # A model without a number of outputs isn't initialized.
    if model.n_outputs is not None and (model.n_outputs != n_classes or not labels):
        text = f"It has {len(labels)} labels, so {n_classes} classes, but the model scores "
        yield Finding(DAMAGE, where, f"{text}{model.n_outputs}")
