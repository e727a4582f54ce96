"""Models with changed layers or arrays."""

import gc
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from cases import Case, Refused, check, name_of
from saved_heads import (
    _array,
    _without,
    load,
    message,
)
from spacy.language import Language

NER = ("ner", "another copy")


def change(edit: Callable[[Dict[str, Any]], Any]) -> Callable[[Path], None]:
    return message("ner/model", edit)


def w(value: Any) -> Callable[[Path], None]:
    return change(lambda found: _array(found, value))


MODELS = [
    *[
        Case(f"no {key}", change(lambda m, key=key: _without(m, key)), Refused(f"'{key}'", *NER))
        for key in ("nodes", "attrs", "params", "shims")
    ],
    Case("nodes of null", change(lambda m: {**m, "nodes": None}), Refused("null", *NER)),
    Case(
        "one layer missing", change(lambda m: m["nodes"].pop() and None), Refused("'nodes'", *NER)
    ),
    Case("arrays of null", w(None), Refused("'W'", "None", *NER)),
    Case("arrays of text", w("x"), Refused("'W'", "array", *NER)),
    Case("a smaller array", w(lambda a: a[:-1]), Refused("'W'", "(8, 16)", *NER)),
    Case("a narrower array", w(lambda a: a[:, :-1]), Refused("'W'", "(9, 15)", *NER)),
    Case("no array", change(lambda m: m["params"].__setitem__(-1, {})), Refused("arrays", *NER)),
    Case("no map", change(lambda m: m["params"].__setitem__(-1, None)), Refused("not a map", *NER)),
    Case("no dimensions", change(lambda m: m["nodes"][-1].pop("dims") and None), Refused(*NER)),
]


@pytest.mark.parametrize("case", MODELS, ids=name_of)
def test_files(case: Case, scratch: Language, copy: Path) -> None:
    case.given(copy)
    check(case, lambda _: load(scratch, copy))


def test_damage_leaves_the_process_as_it_was(scratch: Language) -> None:
    """srsly turns the garbage collector off while reading, and back on only after success."""
    for component in ("ner", "mtl"):
        assert gc.isenabled()
        with pytest.raises(ValueError, match=component):
            scratch.get_pipe(component).from_bytes(b"\xc1")  # type: ignore[attr-defined]
    assert gc.isenabled()
