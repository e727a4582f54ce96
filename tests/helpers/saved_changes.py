"""Changes to a saved pipeline that damage it or make it harmful."""

import json
import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any, Callable, Dict

import numpy
import srsly
import torch
from harmful_pickles import MakesFolder

Change = Callable[[Path], Any]


def in_json(file: str, **changes: Any) -> Change:
    """Change keys of a JSON file."""

    def change(folder: Path) -> None:
        found = srsly.read_json(folder / file)
        srsly.write_json(folder / file, {**found, **changes})

    return change


def in_config(old: str, new: str) -> Change:
    """Replace words of the config."""

    def change(folder: Path) -> None:
        text = (folder / "config.cfg").read_text(encoding="utf8")
        assert old in text
        (folder / "config.cfg").write_text(text.replace(old, new, 1), encoding="utf8")

    return change


def in_shim(alter: Callable[[Dict[str, Any]], None]) -> Change:
    """Change the saved data of the encoder's shim."""

    def change(folder: Path) -> None:
        model = srsly.msgpack_loads((folder / "mtl/model").read_bytes())
        for shims in model["shims"]:
            for i, data in enumerate(shims):
                message = srsly.msgpack_loads(data)
                alter(message)
                shims[i] = srsly.msgpack_dumps(message)
        (folder / "mtl/model").write_bytes(srsly.msgpack_dumps(model))

    return change


def kwargs_of(**kwargs: Any) -> Change:
    return in_shim(lambda message: message["tokenizer"]["kwargs"].update(kwargs))


def file_of(name: str, content: bytes = b"{}") -> Change:
    return in_shim(lambda message: message["tokenizer"].update({name: content}))


def in_tokenizer_config(**changes: Any) -> Change:
    def alter(message: Dict[str, Any]) -> None:
        found = json.loads(message["tokenizer"]["tokenizer_config.json"])
        message["tokenizer"]["tokenizer_config.json"] = json.dumps({**found, **changes}).encode()

    return in_shim(alter)


def pickled_weights(message: Dict[str, Any]) -> None:
    buffer = BytesIO()
    torch.save({"weight": MakesFolder()}, buffer)
    message["state"] = buffer.getvalue()


def nan_in(component: str) -> Change:
    def change(folder: Path) -> None:
        model = srsly.msgpack_loads((folder / component / "model").read_bytes())
        params = [p for params in model["params"] for p in params.values() if p is not None]
        number = next(i for i, p in enumerate(params) if p.ndim == 2)
        for layer in model["params"]:
            for name, value in layer.items():
                if value is params[number]:
                    layer[name] = numpy.full_like(value, numpy.nan)
        (folder / component / "model").write_bytes(srsly.msgpack_dumps(model))

    return change


def swap(one: str, other: str) -> Change:
    def change(folder: Path) -> None:
        (folder / one).rename(folder / "swapped")
        (folder / other).rename(folder / one)
        (folder / "swapped").rename(folder / other)

    return change


def truncate(file: str, share: float) -> Change:
    def change(folder: Path) -> None:
        data = (folder / file).read_bytes()
        (folder / file).write_bytes(data[: int(share * len(data))])

    return change


def write(file: str, content: str) -> Change:
    return lambda folder: (folder / file).write_text(content, encoding="utf8")


def link(folder: Path) -> None:
    (folder / "vocab/strings.json").unlink()
    (folder / "vocab/strings.json").symlink_to("/etc/hostname")


def in_model(component: str, alter: Callable[[Dict[str, Any]], None]) -> Change:
    """Change the saved data of a thinc model."""

    def change(folder: Path) -> None:
        model = srsly.msgpack_loads((folder / component / "model").read_bytes())
        alter(model)
        (folder / component / "model").write_bytes(srsly.msgpack_dumps(model))

    return change


def in_weights(alter: Callable[[Dict[str, Any]], None]) -> Change:
    """Change the weights of the encoder."""

    def change(message: Dict[str, Any]) -> None:
        weights = torch.load(BytesIO(message["state"]), weights_only=True)
        alter(weights)
        buffer = BytesIO()
        torch.save(weights, buffer)
        message["state"] = buffer.getvalue()

    return in_shim(change)


def nan_weight(weights: Dict[str, Any]) -> None:
    next(each for each in weights.values() if each.is_floating_point()).view(-1)[0] = torch.nan


def blown_up(weights: Dict[str, Any]) -> None:
    """Insert a few bytes that claim to be a terabyte."""
    weights[next(iter(weights))] = torch.zeros(1).expand(10**6, 10**6)


def flipped_weights(message: Dict[str, Any]) -> None:
    data = bytearray(message["state"])
    data[data.index(b"OrderedDict")] ^= 4
    message["state"] = bytes(data)


def half_nan(model: Dict[str, Any]) -> None:
    layer = next(params for params in model["params"] if "b" in params)
    layer["b"] = numpy.full(layer["b"].shape, numpy.nan, dtype="float16")


def set_pipeline(value: str) -> Change:
    """Replace the list of components."""

    def change(folder: Path) -> None:
        lines = (folder / "config.cfg").read_text(encoding="utf8").split("\n")
        number = next(i for i, line in enumerate(lines) if line.startswith("pipeline ="))
        lines[number] = f"pipeline = {value}"
        (folder / "config.cfg").write_text("\n".join(lines), encoding="utf8")

    return change


def set_component(folder: Path) -> None:
    """Replace a block by a number."""
    text = (folder / "config.cfg").read_text(encoding="utf8")
    blocks = re.split(r"\n(?=\[)", text)
    text = "\n".join(b for b in blocks if not b.startswith("[components.ner"))
    text = text.replace("[components]\n", "[components]\nner = 3\n", 1)
    (folder / "config.cfg").write_text(text, encoding="utf8")


def link_folder(folder: Path) -> None:
    """Replace a component by a link to another folder."""
    (folder / "ner").rename(folder.parent / "elsewhere")
    (folder / "ner").symlink_to(folder.parent / "elsewhere")


def link_loop(folder: Path) -> None:
    (folder / "ner/model").unlink()
    (folder / "ner/model").symlink_to(folder / "ner/more")
    (folder / "ner/more").symlink_to(folder / "ner/model")


def pipe(file: str) -> Change:
    """Replace a file by a named pipe, on which a reader would wait forever."""

    def change(folder: Path) -> None:
        (folder / file).unlink()
        os.mkfifo(folder / file)

    return change


def grow(file: str) -> Change:
    """Make a sparse file larger than memory."""
    return lambda folder: os.truncate(folder / file, 2**42)
