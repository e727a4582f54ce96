"""JSON lines: sentence starts, nesting, and texts that don't match their words."""

import pytest
from cases import Case, Refused, name_of
from conversions import check_file, jsonl, refused

AB = ["a", "b"]


CASES = [
    # Sentence starts
    Case(
        "a sentence start that isn't a list",
        jsonl({"words": AB, "meta": {"sent_starts": 0}}),
        refused("line 1", "meta.sent_starts is 0, expected a list"),
    ),
    Case(
        "sentence starts without the first word",
        jsonl({"words": AB, "meta": {"sent_starts": [1]}}),
        refused("expected 0 in it"),
    ),
    Case(
        "no sentence starts",
        jsonl({"words": AB, "meta": {"sent_starts": []}}),
        refused("expected 0 in it", "Leave the key out"),
    ),
    Case(
        "sentence starts that are truth values",
        jsonl({"words": AB, "meta": {"sent_starts": [True, False]}}),
        refused("has True"),
    ),
    Case(
        "sentence starts without words",
        jsonl({"text": "a b", "meta": {"sent_starts": [0]}}),
        refused("meta.sent_starts refers to tokens"),
    ),
    Case("meta that isn't an object", jsonl({"words": AB, "meta": 3}), refused("meta is 3")),
    # JSON
    Case("deep nesting", jsonl('{"x": ' + "[" * 100_000), refused("line 1", "nested too deep")),
    Case("an array of objects", jsonl('[{"text": "a"}]'), refused("list", "one object per line")),
    Case("an object over lines", jsonl('{"text":\n"a"}'), refused("line 1", "invalid JSON")),
    Case("two objects in a line", jsonl('{"text": "a"} {"text": "b"}'), refused("Extra data")),
    Case("text and words that differ", jsonl({"text": "ab", "words": ["a", "c"]}), refused("'ac'")),
    Case("a value that is long", jsonl({"text": ["w"] * 9999}), Refused("text is ['w',", "...")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file(case, tmp_path):
    check_file(case, tmp_path)
