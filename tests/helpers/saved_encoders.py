"""Changes to a saved encoder in its shim's message."""

import json
import pickle
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, Callable, Dict

import numpy
import pytest
import spacy
import srsly
import torch
from cases import Case, Refused, check
from harmful_pickles import RAN, RunsCode

from spacy_mtl.encoder.shim import SavedEncoderError, problems_of_shim
from spacy_mtl.encoder.transformer import TransformerEncoder

Change = Callable[[Dict[str, Any]], Any]


def config(**entries: Any) -> Change:
    return lambda message: message["config"].update(entries)


def file(name: Any, content: Any = b"x") -> Change:
    return lambda message: message["tokenizer"].update({name: content})


def tokenizer_config(name: str = "tokenizer_config.json", **entries: Any) -> Change:
    def change(message: Dict[str, Any]) -> None:
        found = json.loads(message["tokenizer"].get(name, b"{}"))
        message["tokenizer"][name] = json.dumps({**found, **entries}).encode("utf8")

    return change


def kwargs(**entries: Any) -> Change:
    return lambda message: message["tokenizer"]["kwargs"].update(entries)


def part(key: str, value: Any) -> Change:
    return lambda message: message.update({key: value})


def weights(change: Callable[[Dict[str, Any]], Any]) -> Change:
    def run(message: Dict[str, Any]) -> None:
        found = torch.load(BytesIO(message["state"]), weights_only=True)
        changed = change(found)
        out = BytesIO()
        torch.save(found if changed is None else changed, out)
        message["state"] = out.getvalue()

    return run


def with_pickle(message: Dict[str, Any]) -> None:
    """Insert weights whose pickle runs code."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(message["state"])) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            is_pickle = name.endswith("data.pkl")
            new.writestr(name, pickle.dumps(RunsCode()) if is_pickle else old.read(name))
    message["state"] = out.getvalue()


def flip(message: Dict[str, Any]) -> None:
    found = torch.load(BytesIO(message["state"]), weights_only=True)
    values = found["embeddings.word_embeddings.weight"].numpy().tobytes()
    data = bytearray(message["state"])
    data[data.index(values) + 5] ^= 1
    message["state"] = bytes(data)


def cut(message: Dict[str, Any]) -> None:
    message["state"] = message["state"][: len(message["state"]) // 2]


def as_by_hand(message: Dict[str, Any]) -> None:
    """Turn the message into what older versions of the library wrote."""
    message["config"].pop("_attn_implementation_autoset", None)
    message.pop("_init_tokenizer_config")
    message.pop("_init_transformer_config")
    del message["tokenizer"]["kwargs"]


def refused(*says: str) -> Refused:
    return Refused("file 'model'", "can't be loaded", *says, error=SavedEncoderError)


#: Classes in someone's module.
CODE = {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}


def change_shim(path: Path, change: Change) -> None:
    """Change the first encoder in a saved model."""
    message = srsly.read_msgpack(path)
    place, shims = next((i, own) for i, own in enumerate(message["shims"]) if own)
    inside = srsly.msgpack_loads(shims[0])
    change(inside)
    message["shims"][place] = [srsly.msgpack_dumps(inside), *shims[1:]]
    path.write_bytes(srsly.msgpack_dumps(message))


def check_saved(
    case: Case, saved: bytes, encoder_dir: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check a case; no code may run."""
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    RAN.clear()
    docs = [spacy.blank("en").make_doc("anna books a room")]

    def load(change: Change) -> bool:
        message = srsly.msgpack_loads(saved)
        change(message)
        data = srsly.msgpack_dumps(message)
        problems = problems_of_shim(data)
        encoder = TransformerEncoder(encoder_dir)
        encoder.set_dim("nO", 16)
        dtype = torch.get_default_dtype()
        try:
            encoder.shims[0].from_bytes(data)
        finally:
            assert not RAN
            assert not list(folder.iterdir())
            assert torch.get_default_dtype() == dtype
        assert not problems
        assert not encoder.shims[0]._model.training
        return bool(numpy.isfinite(encoder.predict(docs)[0]).all())

    check(case, load)
