"""Reading the `model` file of a component without building the model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import numpy

from ..compat.srsly import unpack_plain
from .saved_files import read_file


@dataclass(frozen=True)
class SavedModel:
    """The `model` file of a component.

    nodes (List[Dict]): Name, dimensions and references of each layer.
    params (List[Dict]): The parameters of each layer, by name; None for unset parameters.
    shims (List[List[bytes]]): The saved bytes of each layer's wrapped networks.
    """

    nodes: List[Dict[str, Any]]
    params: List[Dict[str, Any]]
    shims: List[List[bytes]]

    @property
    def n_outputs(self) -> Optional[int]:
        """RETURNS (Optional[int]): The number of classes; None if there is no output layer."""
        place = self.nodes[0]["refs"].get("output_layer") if self.nodes else None
        return None if place is None else self.nodes[place]["dims"].get("nO")


def read_model(folder: Path, path: Path) -> SavedModel:
    """Read a model that thinc saved.

    folder (Path): The pipeline.
    path (Path): The file.
    RETURNS (SavedModel): Its parts.
    RAISES (ValueError): If it is damaged or not a model.
    """
    found = unpack_plain(read_file(folder, path))
    keys = ("nodes", "attrs", "params", "shims")
    if not isinstance(found, dict) or not all(isinstance(found.get(k), list) for k in keys):
        raise ValueError(f"it doesn't have a model's lists {', '.join(keys)}")
    if len({len(found[key]) for key in keys}) != 1:
        raise ValueError("its lists have different lengths")
    nodes, params, shims = found["nodes"], found["params"], found["shims"]
    for i, node in enumerate(nodes):
        if not isinstance(node, dict) or not {"name", "dims", "refs"} <= set(node):
            raise ValueError("one of its layers has no name, dimensions and references")
        where = f"its layer {i} ('{node['name']}')"
        for what, entries in (
            ("dimensions", node["dims"]),
            ("references", node["refs"]),
            ("attributes", found["attrs"][i]),
            ("arrays", params[i]),
        ):
            if not isinstance(entries, dict):
                raise ValueError(f"the {what} of {where} must be a dict, not {entries!r:.80}")
        _check_values(where, "dimension", node["dims"], _is_number)
        _check_values(
            where, "reference", node["refs"], lambda value: _is_number(value) and value < len(nodes)
        )
        _check_values(where, "array", params[i], lambda value: isinstance(value, numpy.ndarray))
        if not isinstance(shims[i], list) or not all(isinstance(x, bytes) for x in shims[i]):
            raise ValueError(f"the wrapped models of {where} are not a list of bytes")
    return SavedModel(nodes, params, shims)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_values(
    where: str, what: str, entries: Dict[str, Any], is_one: Callable[[Any], bool]
) -> None:
    for key, value in entries.items():
        if value is not None and not is_one(value):
            raise ValueError(f"'{key}' of {where} is not a valid {what}: {value!r:.80}")
