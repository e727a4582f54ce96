"""Saved encoders that are damaged or don't fit."""

from pathlib import Path

import numpy
import pytest
import srsly
from cases import Case, name_of
from saved_encoders import (
    CODE,
    check_saved,
    config,
    cut,
    file,
    flip,
    kwargs,
    part,
    refused,
    weights,
)

from spacy_mtl.encoder.shim import SavedEncoderError, problems_of_shim
from spacy_mtl.encoder.transformer import TransformerEncoder

CASES = [
    # Damage.
    Case("truncated weights", cut, refused("weights are damaged")),
    Case("a flipped bit in the weights", flip, refused("weights are damaged", "checksum")),
    Case("weights that are text", part("state", "x"), refused("weights", "str", "bytes")),
    Case("empty weights", part("state", b""), refused("weights are damaged")),
    Case(
        "missing weights",
        weights(lambda w: w.pop("embeddings.word_embeddings.weight") is None or None),
        refused("don't fit", "word_embeddings", "missing"),
    ),
    Case("weights of other sizes", config(hidden_size=32), refused("don't fit", "size mismatch")),
    Case("weights of more layers", config(num_hidden_layers=1), refused("layer.1", "unknown")),
    Case("weights of fewer layers", config(num_hidden_layers=3), refused("layer.2", "missing")),
    Case("weights that are a list", weights(lambda w: [1]), refused("don't fit")),
    Case("heads that do not divide", config(num_attention_heads=3), refused("multiple")),
    Case("a number of layers in words", config(num_hidden_layers="two"), refused("TypeError")),
    Case("a config that is a list", part("config", [1]), refused("'config'", "list")),
    Case("a tokenizer that is a list", part("tokenizer", [1]), refused("'tokenizer'", "list")),
    Case("settings that are text", part("_init_tokenizer_config", "x"), refused("_init_tokenizer")),
    Case("no weights", lambda m: m.pop("state"), refused("are not an encoder", "state")),
    Case("no tokenizer", part("tokenizer", {}), refused("no tokenizer files")),
    Case(
        "a truncated tokenizer",
        lambda m: m["tokenizer"].update({"tokenizer.json": m["tokenizer"]["tokenizer.json"][:99]}),
        refused("tokenizer.json", "not JSON"),
    ),
    Case("an empty tokenizer", file("tokenizer.json", b"{}"), refused("can't be loaded")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_model(
    case: Case, saved: bytes, encoder_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_saved(case, saved, encoder_dir, tmp_path, monkeypatch)


@pytest.mark.parametrize("data", [b"", b"x", b"\x81\xa1", b"\xc1" * 50, b"\x90", b"\x80"])
def test_bytes_that_are_not_an_encoder(data: bytes, encoder_dir: str) -> None:
    assert len(problems_of_shim(data)) == 1
    with pytest.raises(SavedEncoderError, match="'model' of a component, can't be loaded"):
        TransformerEncoder(encoder_dir).shims[0].from_bytes(data)


def test_truncated_or_changed_bytes(saved: bytes, encoder_dir: str) -> None:
    """They are rejected with our own error, or loaded."""
    random = numpy.random.RandomState(0)
    messages = []
    for place in [*random.randint(0, 8000, 25), *random.randint(0, len(saved), 15)]:
        flipped = bytearray(saved)
        flipped[place] ^= 1 << random.randint(8)
        for data in (bytes(flipped), saved[:place]):
            try:
                TransformerEncoder(encoder_dir).shims[0].from_bytes(data)
            except SavedEncoderError as err:
                messages.append(str(err))
    assert len(messages) > 40
    assert all("Copy the pipeline again" in message for message in messages)


def test_problems_found_without_building(saved: bytes) -> None:
    message = srsly.msgpack_loads(saved)
    for change in (config(auto_map=CODE), file("../x"), kwargs(trust_remote_code=True), cut):
        change(message)
    found = problems_of_shim(srsly.msgpack_dumps(message))
    assert len(found) == 4
    for problem, word in zip(sorted(found), ["auto_map", "damaged", "../x", "trust_remote_code"]):
        assert any(word in each for each in found), problem
