"""What the files of a saved pipeline say, read without loading: no code runs, nothing is built."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import srsly
from thinc.api import Config

from ..packed import unpack

CONFIG, META = "config.cfg", "meta.json"


class NoPipelineError(ValueError):
    """A name or a path that leads to no saved pipeline."""


@dataclass(frozen=True)
class SavedModel:
    """The `model` file of a component.

    nodes (List[Dict]): Name, dimensions and references of each layer.
    params (List[Dict]): The parameters of each layer, by name; None where there is none.
    shims (List[List[bytes]]): What the wrapped networks of each layer have saved.
    """

    nodes: List[Dict[str, Any]]
    params: List[Dict[str, Any]]
    shims: List[List[bytes]]

    @property
    def n_outputs(self) -> Optional[int]:
        """RETURNS (Optional[int]): The classes that a head scores; None if it names no output."""
        place = self.nodes[0]["refs"].get("output_layer") if self.nodes else None
        return None if place is None else self.nodes[place]["dims"].get("nO")


def find_pipeline(name: str) -> Path:
    """Find the folder of a pipeline, without importing its package.

    name (str): A folder, or the name of an installed package.
    RETURNS (Path): The folder that holds its config.cfg.
    RAISES (NoPipelineError): If there is none.
    """
    path = Path(name)
    if not path.exists():
        path = _folder_of_package(name)
    if not path.is_dir():
        raise NoPipelineError(
            f"'{name}' is a file. Name the folder of a pipeline, or an installed package; a wheel "
            "is unpacked by `python -m zipfile -e`."
        )
    if (path / CONFIG).exists():
        return path
    # A package holds its pipeline in a folder of its own.
    inside = [each.parent for each in sorted(path.glob(f"*/{CONFIG}"))]
    if len(inside) != 1:
        found = ", ".join(each.name for each in inside) or "none"
        raise NoPipelineError(
            f"There is no {CONFIG} in '{path}', and not one folder in it has one (these have: "
            f"{found}). Name the folder of a pipeline, such as training/model-best."
        )
    return inside[0]


def _folder_of_package(name: str) -> Path:
    # Of a name with dots, the import system would import what stands before the last.
    spec = find_spec(name) if name.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise NoPipelineError(
            f"There is neither a folder nor an installed package '{name}'. Name the folder of a "
            "pipeline, such as training/model-best, or an installed one, such as en_pipeline."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def read_config(folder: Path) -> Config:
    """RETURNS (Config): The config, not resolved. RAISES (ValueError): If it cannot be read."""
    return Config().from_disk(folder / CONFIG, interpolate=False)


def read_meta(folder: Path) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The meta. RAISES (ValueError): If it is no JSON object."""
    found = srsly.read_json(folder / META)
    if not isinstance(found, dict):
        raise ValueError(f"it is a {type(found).__name__}, no JSON object")
    return found


def read_model(path: Path) -> SavedModel:
    """Read what thinc has written of a model.

    path (Path): The file.
    RETURNS (SavedModel): Its parts.
    RAISES (ValueError): If it is something else, or damaged.
    """
    found = unpack(path.read_bytes())
    keys = ("nodes", "attrs", "params", "shims")
    if not isinstance(found, dict) or not all(isinstance(found.get(k), list) for k in keys):
        raise ValueError(f"it has no lists {', '.join(keys)}, as models have")
    if len({len(found[key]) for key in keys}) != 1:
        raise ValueError("its lists are not of one length")
    for node in found["nodes"]:
        if not isinstance(node, dict) or not {"name", "dims", "refs"} <= set(node):
            raise ValueError("one of its layers has no name, dimensions and references")
    return SavedModel(found["nodes"], found["params"], found["shims"])


def blocks_of(config: Dict[str, Any], path: str = "") -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Walk the blocks of a config.

    config (Dict[str, Any]): The config, or a block.
    path (str): Where it stands.
    YIELDS (Tuple[str, Dict[str, Any]]): The path of each block, and the block; also of those in
        lists.
    """
    yield path, config
    for key, value in config.items():
        inner = value if isinstance(value, list) else [value]
        for i, block in enumerate(inner):
            if isinstance(block, dict):
                number = f".{i}" if isinstance(value, list) else ""
                yield from blocks_of(block, f"{path}.{key}{number}" if path else f"{key}{number}")
