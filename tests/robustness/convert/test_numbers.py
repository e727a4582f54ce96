"""Numbers that are too long, invalid, or written in other digits."""

import pytest
from cases import Case, name_of
from conversions import check_file, conllu, jsonl, refused

LONG = "9" * 5000


AB = ["a", "b"]


CASES = [
    # Numbers
    Case("a head of 5,000 digits", conllu(head=LONG), refused("a.conllu, line 1", "HEAD")),
    Case("a head below zero", conllu(head="-1"), refused("HEAD '-1' is neither a number nor _")),
    Case("a head in other digits", conllu(head="\u0663"), refused("line 1", "neither a number")),
    Case("a head that is a fraction", conllu(head="1.5"), refused("HEAD '1.5'")),
    Case("a range of 5,000 digits", conllu(id=f"1-{LONG}"), refused("line 1", "multiword token")),
    Case("an ID of 5,000 digits", conllu(id=LONG), refused("line 1", "expected 1")),
    Case(
        "a number of 5,000 digits in JSON",
        jsonl('{"text": "a", "x": ' + LONG + "}"),
        refused("line 1", "too many digits"),
    ),
    Case(
        "a category of 300 digits",
        jsonl('{"text": "a", "cats": {"x": ' + "9" * 300 + "}}"),
        refused("cats has", "'x'", "expected 0.0 to 1.0"),
    ),
    Case(
        "an infinite category",
        jsonl('{"text": "a", "cats": {"x": 1e999}}'),
        refused("cats has inf"),
    ),
    Case("NaN", jsonl('{"text": "a", "cats": {"x": NaN}}'), refused("NaN is not valid JSON")),
    Case("Infinity", jsonl('{"text": "a", "meta": {"n": -Infinity}}'), refused("-Infinity")),
    Case(
        "an entity at a truth value",
        jsonl({"words": AB, "ents": [[0, True, "x"]]}),
        refused("True"),
    ),
    Case("an entity at a fraction", jsonl({"words": AB, "ents": [[0, 1.0, "x"]]}), refused("1.0")),
    Case("an entity below zero", jsonl({"words": AB, "ents": [[-1, 1, "x"]]}), refused("range")),
    Case("a fraction as a word", jsonl({"words": [1.5]}), refused("1.5", "expected str")),
    Case("no word as a word", jsonl({"words": ["a", None]}), refused("words contains None")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file(case, tmp_path):
    check_file(case, tmp_path)
