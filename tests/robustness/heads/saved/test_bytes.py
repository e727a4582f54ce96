"""Changed bytes of a component."""

import json
from typing import Any

import pytest
import srsly
from cases import Case, Gives, Refused, check, name_of
from saved_heads import PATHS, build
from spacy.language import Language

PACKED = [
    Case("an empty map", b"\x80", Refused("part 'cfg'", "no such part")),
    Case("nothing", b"", Refused("the bytes of the component")),
    Case("null", b"\xc0", Refused("null", "map of parts")),
    Case("a list", b"\x90", Refused("a list", "map of parts")),
    Case("rubbish", b"rubbish", Refused("the bytes of the component")),
    Case("no model", {"model": "missing"}, Refused("part 'model'", "no such part")),
    Case("no settings", {"cfg": "missing"}, Refused("part 'cfg'", "no such part")),
    Case("a model of null", {"model": None}, Refused("part 'model'", "null")),
    Case("settings of null", {"cfg": None}, Refused("part 'cfg'", "null")),
    Case("an empty model", {"model": b""}, Refused("part 'model'", "empty")),
    Case("settings of a list", {"cfg": "[]"}, Refused("part 'cfg'", "a list")),
    Case("a damaged model", {"model": b"\x81"}, Refused("part 'model'")),
    Case("a damaged vocabulary", {"vocab": b"\x81"}, Refused("part 'vocab'")),
    Case("unchanged", {}, Gives(True)),
]


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("case", PACKED, ids=name_of)
def test_bytes(case: Case, name: str, nlp: Language) -> None:
    pipe: Any = nlp.get_pipe(name)
    data, before = case.given, pipe.to_bytes()
    if isinstance(data, dict):
        whole = srsly.msgpack_loads(before)
        parts = srsly.msgpack_loads(whole["component"]) if name == "mtl" else whole
        parts = {k: v for k, v in {**parts, **data}.items() if v != "missing"}
        data = srsly.msgpack_dumps(parts)
        data = srsly.msgpack_dumps({**whole, "component": data}) if name == "mtl" else data
    check(case, lambda _: pipe.from_bytes(data).to_bytes() == before)


LABELS = [
    Case("one missing", ["PER"], Refused("scores 9", "'ner'", "bytes")),
    Case("one extra", ["PER", "LOC", "X"], Refused("scores 9", "'ner'", "bytes")),
    Case("a string", "PER", Refused("list of strings", "'ner'", "part 'cfg'")),
    Case("twice", ["PER", "PER"], Refused("more than once", "'ner'", "part 'cfg'")),
    Case("the same", ["PER", "LOC"], Gives(("PER", "LOC"))),
]


@pytest.mark.parametrize("case", LABELS, ids=name_of)
def test_labels_in_bytes(case: Case, nlp: Language) -> None:
    parts = srsly.msgpack_loads(nlp.get_pipe("ner").to_bytes())
    parts["cfg"] = json.dumps({**json.loads(parts["cfg"]), "labels": case.given})
    ner: Any = build(initialize=False).get_pipe("ner")
    check(case, lambda _: ner.from_bytes(srsly.msgpack_dumps(parts)).labels)


def test_weighting_in_bytes(nlp: Language) -> None:
    pipe: Any = nlp.get_pipe("mtl")
    for state in (b"", b"\x80", b"rubbish", 7):
        data = srsly.msgpack_dumps({**srsly.msgpack_loads(pipe.to_bytes()), "weighting": state})
        with pytest.raises(ValueError, match="'weighting' of the bytes.*damaged.*delete it"):
            pipe.from_bytes(data)
