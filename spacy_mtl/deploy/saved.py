"""What the files of a saved pipeline say, read without loading: no code runs, nothing is built."""

import os
import stat
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import numpy
import srsly
from thinc.api import Config

from ..compat.srsly import unpack_plain

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
    # Unlike Path.exists, it raises at no name, however long, and no folder that is closed.
    if not os.path.exists(path):
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
    try:
        spec = find_spec(name) if name.isidentifier() else None
    # Of modules that were made by hand, it says so.
    except ValueError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise NoPipelineError(
            f"There is neither a folder nor an installed package '{name}'. Name the folder of a "
            "pipeline, such as training/model-best, or an installed one, such as en_pipeline."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def is_plain(name: str) -> bool:
    """RETURNS (bool): Whether it names something in a folder, and nothing beside or above it."""
    return (
        name not in ("", ".", "..")
        and "\0" not in name
        and PurePosixPath(name).name == name == PureWindowsPath(name).name
    )


def is_inside(path: Path, folder: Path) -> bool:
    """RETURNS (bool): Whether a path is in a folder, wherever links on its way lead."""
    # Path.resolve raises at links in a loop.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def read_file(folder: Path, path: Path) -> bytes:
    """Read a file of a pipeline. What may not end, or lies elsewhere, is not opened.

    folder (Path): The pipeline.
    path (Path): The file.
    RETURNS (bytes): What is in it.
    RAISES (ValueError): If it is no plain file in the folder, or more than memory takes.
    RAISES (OSError): If it is not there, or may not be read.
    """
    if not is_inside(path, folder):
        raise ValueError("it is a link out of the pipeline, and is not opened")
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        raise ValueError("it is no file")
    check_size(info.st_size)
    return path.read_bytes()


def check_size(n_bytes: int) -> None:
    """Refuse a file that cannot be loaded here: read and decoded, it is there twice.

    n_bytes (int): Its size.
    RAISES (ValueError): If it takes more than half of the memory.
    """
    memory = _memory()
    if memory is not None and n_bytes > memory // 2:
        raise ValueError(
            f"it takes {n_bytes / 2**30:,.0f} GiB, more than half of this machine's memory"
        )


def _memory() -> Optional[int]:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        # Not of Windows.
        return None


def read_saved_config(folder: Path) -> Config:
    """RETURNS (Config): The config, not resolved. RAISES (ValueError): If it cannot be read."""
    text = read_file(folder, folder / CONFIG).decode("utf8")
    return Config().from_str(text, interpolate=False)


def read_json(folder: Path, path: Path) -> Dict[str, Any]:
    """Read a JSON object.

    folder (Path): The pipeline.
    path (Path): The file.
    RETURNS (Dict[str, Any]): The object.
    RAISES (ValueError): If it is none.
    """
    found = srsly.json_loads(read_file(folder, path).decode("utf8"))
    if not isinstance(found, dict):
        raise ValueError(f"it is a {type(found).__name__}, no JSON object")
    return found


def read_model(folder: Path, path: Path) -> SavedModel:
    """Read what thinc has written of a model.

    folder (Path): The pipeline.
    path (Path): The file.
    RETURNS (SavedModel): Its parts.
    RAISES (ValueError): If it is something else, or damaged.
    """
    found = unpack_plain(read_file(folder, path))
    keys = ("nodes", "attrs", "params", "shims")
    if not isinstance(found, dict) or not all(isinstance(found.get(k), list) for k in keys):
        raise ValueError(f"it has no lists {', '.join(keys)}, as models have")
    if len({len(found[key]) for key in keys}) != 1:
        raise ValueError("its lists are not of one length")
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
                raise ValueError(f"the {what} of {where} are no map, but {entries!r:.80}")
        _check_values(where, "dimension", node["dims"], _is_number)
        _check_values(
            where, "reference", node["refs"], lambda value: _is_number(value) and value < len(nodes)
        )
        _check_values(where, "array", params[i], lambda value: isinstance(value, numpy.ndarray))
        if not isinstance(shims[i], list) or not all(isinstance(x, bytes) for x in shims[i]):
            raise ValueError(f"the wrapped models of {where} are no list of bytes")
    return SavedModel(nodes, params, shims)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_values(
    where: str, what: str, entries: Dict[str, Any], is_one: Callable[[Any], bool]
) -> None:
    for key, value in entries.items():
        if value is not None and not is_one(value):
            raise ValueError(f"'{key}' of {where} is no {what}, but {value!r:.80}")


def blocks_of(config: Any) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Walk the blocks of a config, or of what a JSON file holds.

    config (Any): The config.
    YIELDS (Tuple[str, Dict[str, Any]]): The path of each block, and the block; also of those in
        lists, at any depth.
    """
    waiting: List[Tuple[str, Any]] = [("", config)]
    while waiting:
        path, found = waiting.pop()
        if isinstance(found, dict):
            yield path, found
        entries = found.items() if isinstance(found, dict) else enumerate(found)
        inner = [
            (f"{path}.{key}" if path else f"{key}", value)
            for key, value in entries
            if isinstance(value, (dict, list))
        ]
        waiting += reversed(inner)
