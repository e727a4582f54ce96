"""Checking that the saved settings, labels and model of a head belong together."""

from collections import Counter
from typing import Any, Dict, List, Optional, Sequence, Tuple

from thinc.api import Model

from ..loading import UnfitError


def check_labels(cfg: Dict[str, Any]) -> None:
    """Reject labels that aren't a list of distinct strings.

    cfg (Dict[str, Any]): The saved settings of a head.
    RAISES (UnfitError): If the labels are invalid.
    """
    labels = cfg.get("labels")
    if not isinstance(labels, list):
        found = repr(labels)[:60] if "labels" in cfg else "missing"
        raise UnfitError(f"'labels' is {found}, but it must be a list of strings")
    for label in labels:
        if not isinstance(label, str) or not label:
            raise UnfitError(f"'labels' has {label!r}, but labels must be non-empty strings")
    label, n = Counter(labels).most_common(1)[0] if labels else ("", 0)
    if n > 1:
        raise UnfitError(f"'labels' has {label!r} more than once")


def check_size(model: Model, labels: Sequence[str], classes: List[str]) -> None:
    """Reject a model whose number of classes doesn't match the labels.

    model (Model): The model of a head. It has no size before initialization.
    labels (Sequence[str]): The labels.
    classes (List[str]): The classes that the labels give.
    RAISES (UnfitError): If labels and model don't belong together.
    """
    output = model.get_ref("output_layer")
    if output.has_dim("nO") is not True:
        return
    n_classes = output.get_dim("nO")
    if n_classes != len(classes) or not labels:
        raise UnfitError(
            f"its {len(labels)} labels ({_some(labels)}) make {len(classes)} classes, but its "
            f"model scores {n_classes}. One of the files 'cfg' and 'model' belongs to another "
            "head, or has been changed"
        )
    nodes = [output]
    if model.has_ref("transitions"):
        nodes.append(model.get_ref("transitions"))
    for node in nodes:
        _check_arrays(node, n_classes)


def _check_arrays(node: Model, n_classes: int) -> None:
    # A user's layer may have more axes in between.
    n_inputs = node.get_dim("nI") if node.has_dim("nI") else None
    expected = {"W": (n_classes, n_inputs), "b": (n_classes,), "T": (n_classes + 1, n_classes + 1)}
    for name in node.param_names:
        shape = expected.get(name)
        found = node.get_param(name).shape if node.has_param(name) else None
        if shape is not None and not _fits(found, shape):
            raise UnfitError(
                f"the array '{name}' of '{node.name}' has the shape {found}, not {shape}"
            )


def _fits(found: Optional[Tuple[int, ...]], shape: Tuple[Optional[int], ...]) -> bool:
    if not found or found[0] != shape[0]:
        return False
    return len(shape) == 1 or found[-1] == shape[-1]


def _some(labels: Sequence[str]) -> str:
    return ", ".join(labels[:5]) + (", ..." if len(labels) > 5 else "") if labels else "none"
