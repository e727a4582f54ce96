"""Load saved components, and refuse damaged parts by name.

spaCy passes on whatever msgpack, JSON or thinc say about a damaged part, and silently accepts
missing parts and models without their arrays.
"""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, Optional

import srsly
from spacy.pipeline import TrainablePipe
from thinc.api import Model
from thinc.util import convert_recursive, is_xp_array

from .packed import unpack

_WAY_OUT = (
    "It is damaged, or belongs to another component or config. Use another copy of the pipeline, "
    "or train it again."
)


class UnfitError(ValueError):
    """What is wrong with a part, for `explained`: a sentence without its full stop."""


@contextmanager
def explained(what: str, way_out: str = _WAY_OUT) -> Iterator[None]:
    """Turn any error into one that says which part cannot be used, why, and how to fix it.

    what (str): The part, such as "PATH, the model of the component 'ner'".
    way_out (str): How to fix it, in full sentences.
    RAISES (ValueError): Instead of any error except lack of memory or permission.
    """
    try:
        yield
    # Neither is the fault of the part.
    except (MemoryError, PermissionError):
        raise
    except Exception as err:
        if is_out_of_memory(err):
            raise
        kind = "" if isinstance(err, UnfitError) else f"{type(err).__name__}: "
        why = f"{kind}{err}".rstrip(".")
        raise ValueError(f"Can't use {what}: {why}. {way_out}") from err


def is_out_of_memory(error: BaseException) -> bool:
    """RETURNS (bool): Whether the machine or a GPU ran out of memory."""
    # By name, so that torch need not be imported.
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def load_from_disk(
    pipe: TrainablePipe,
    path: Any,
    exclude: Iterable[str],
    check_cfg: Optional[Callable[[Dict[str, Any]], None]] = None,
) -> None:
    """Load settings, vocabulary and model from a folder.

    pipe (TrainablePipe): The component.
    path (Union[str, Path]): The folder that its `to_disk` wrote.
    exclude (Iterable[str]): Parts to leave out.
    check_cfg (Optional[Callable[[Dict], None]]): Raises UnfitError for settings that do not
        fit the component.
    RAISES (ValueError): If a part is damaged or missing.
    """
    folder = Path(path)
    with explained(f"{folder}, the folder of the component '{pipe.name}'"):
        if not folder.is_dir():
            raise UnfitError("it is not a folder" if folder.exists() else "there is no such folder")
    cfg: Dict[str, Any] = {}
    if "cfg" not in exclude:
        with explained(_name(pipe, "settings", folder / "cfg")):
            cfg = _read_cfg(_read(folder / "cfg"), check_cfg)
    if "vocab" not in exclude:
        with explained(_name(pipe, "vocabulary", folder / "vocab")):
            pipe.vocab.from_disk(folder / "vocab", exclude=list(exclude))
    if "model" not in exclude:
        with explained(_name(pipe, "model", folder / "model")):
            _set_model(pipe.model, _read(folder / "model"))
    # Only once the model is loaded: on failure, the old model keeps its own labels.
    pipe.cfg.update(cfg)


def load_from_bytes(
    pipe: TrainablePipe,
    bytes_data: bytes,
    exclude: Iterable[str],
    check_cfg: Optional[Callable[[Dict[str, Any]], None]] = None,
) -> None:
    """Load settings, vocabulary and model from bytes: see `load_from_disk`.

    pipe (TrainablePipe): The component.
    bytes_data (bytes): What its `to_bytes` returned. The vocabulary may be missing: a pipeline
        saves it once for all components.
    exclude (Iterable[str]): Parts to leave out.
    check_cfg (Optional[Callable[[Dict], None]]): Raises UnfitError for settings that do not
        fit the component.
    RAISES (ValueError): If a part is damaged or missing.
    """
    message = unpacked(pipe.name, bytes_data)
    cfg: Dict[str, Any] = {}
    if "cfg" not in exclude:
        with explained(_name(pipe, "settings", "part 'cfg' of the bytes")):
            cfg = _read_cfg(_part(message, "cfg"), check_cfg)
    if "vocab" not in exclude and "vocab" in message:
        with explained(_name(pipe, "vocabulary", "part 'vocab' of the bytes")):
            pipe.vocab.from_bytes(message["vocab"], exclude=list(exclude))
    if "model" not in exclude:
        with explained(_name(pipe, "model", "part 'model' of the bytes")):
            _set_model(pipe.model, _part(message, "model"))
    pipe.cfg.update(cfg)


def unpacked(name: str, bytes_data: bytes) -> Dict[str, Any]:
    """Unpack the parts of a component.

    name (str): The component.
    bytes_data (bytes): What its `to_bytes` returned.
    RETURNS (Dict[str, Any]): The parts by name.
    RAISES (ValueError): If the bytes are not a map.
    """
    with explained(f"the bytes of the component '{name}'"):
        message = unpack(bytes_data)
        if not isinstance(message, dict):
            raise UnfitError(f"they hold {_kind(message)}, but 'to_bytes' returns a map of parts")
        return message


def _name(pipe: TrainablePipe, part: str, where: Any) -> str:
    return f"{where}, the {part} of the component '{pipe.name}'"


def _read(file: Path) -> bytes:
    if file.is_dir():
        raise UnfitError("it is a folder, but must be a file")
    if not file.exists():
        raise UnfitError("there is no such file")
    data = file.read_bytes()
    if not data:
        raise UnfitError("the file is empty")
    return data


def _part(message: Dict[str, Any], key: str) -> bytes:
    if key not in message:
        raise UnfitError(
            f"there is no such part: the bytes hold {sorted(map(str, message)) or 'no parts'}"
        )
    data = message[key]
    # JSON parts are text.
    if isinstance(data, str):
        data = data.encode("utf8")
    if not isinstance(data, bytes):
        raise UnfitError(f"it is {_kind(data)}, but must be bytes")
    if not data:
        raise UnfitError("it is empty")
    return data


def _read_cfg(data: bytes, check: Optional[Callable[[Dict[str, Any]], None]]) -> Dict[str, Any]:
    cfg = srsly.json_loads(data.decode("utf8"))
    if not isinstance(cfg, dict):
        raise UnfitError(f"it holds {_kind(cfg)}, but settings are a JSON object")
    if check is not None:
        check(cfg)
    return cfg


def _set_model(model: Model, data: bytes) -> None:
    message = unpack(data)
    _check_structure(model, message)
    model.from_dict(convert_recursive(is_xp_array, model.ops.asarray, message))


def _check_structure(model: Model, message: Any) -> None:
    """Refuse missing arrays and shims, which thinc silently skips."""
    nodes = list(model.walk())
    if not isinstance(message, dict):
        raise UnfitError(f"it holds {_kind(message)}, but a model is a map of nodes and arrays")
    for key in ("nodes", "attrs", "params", "shims"):
        found = message.get(key)
        if not isinstance(found, list) or len(found) != len(nodes):
            has = f"{len(found)}" if isinstance(found, list) else _kind(found)
            raise UnfitError(
                f"'{key}' must be a list of {len(nodes)}, one for each layer of the model that the "
                f"config describes, but the file has {has}"
            )
    for i, node in enumerate(nodes):
        params, shims = message["params"][i], message["shims"][i]
        where = f"layer {i} ('{node.name}')"
        info = message["nodes"][i]
        if not all(isinstance(x, dict) for x in (info, params, message["attrs"][i])):
            raise UnfitError(f"the data of {where} is not a map")
        if not isinstance(shims, list) or len(shims) != len(node.shims):
            raise UnfitError(
                f"{where} has {len(node.shims)} wrapped models, but the file has a different number"
            )
        _check_same("dimensions", where, info.get("dims"), node.dim_names)
        _check_same("references", where, info.get("refs"), node.ref_names)
        _check_same("arrays", where, params, node.param_names)
        for name, value in params.items():
            is_array = is_xp_array(value) and value.dtype.kind in "fiu"
            if value is not None and not is_array:
                raise UnfitError(f"'{name}' of {where} is {_kind(value)}, but must be an array")


def _check_same(what: str, where: str, found: Any, expected: Iterable[str]) -> None:
    if not isinstance(found, dict) or not set(expected) <= set(found):
        has = sorted(map(str, found)) if isinstance(found, dict) else _kind(found)
        raise UnfitError(f"{where} has the {what} {sorted(expected)}, but the file has {has}")


def _kind(value: Any) -> str:
    if value is None:
        return "nothing (null)"
    return f"a {type(value).__name__}: {str(value)[:40]!r}"
