"""Labels that training rejects."""

import pytest
from cases import Case, Gives, name_of
from conversions import check_command, check_file, csv, iob, jsonl, refused, typed

AB = ["a", "b"]


CASES = [
    # Labels that training rejects
    Case("an empty category", jsonl({"text": "a", "cats": {"": 1}}), refused("line 1", "''")),
    Case("a blank category", jsonl({"text": "a", "cats": {" ": 1}}), refused("' '", "category")),
    Case(
        "a category of a no-break space",
        jsonl({"text": "a", "cats": {"\u00a0": 1}}),
        refused("\\xa0", "category"),
    ),
    Case(
        "a category with a trailing space",
        jsonl({"text": "a", "cats": {"x ": 1}}),
        refused("'x '", "begins or ends with whitespace"),
    ),
    Case("a blank tag", jsonl({"words": AB, "tags": [" ", "x"]}), refused("the tag ' '")),
    Case(
        "a blank entity label",
        jsonl({"words": AB, "ents": [[0, 1, " "]]}),
        refused("entity label ' '"),
    ),
    Case("a blank label in a tag", iob("a\tB- \n"), refused("a.iob, line 1", "'B-'")),
    Case(
        "a blank label within a tag", iob("a\tB-\u2003\n"), refused("line 1", "not an entity tag")
    ),
    Case("a repeated category", jsonl('{"text": "a", "cats": {"x": 1, "x": 0}}'), refused("'x'")),
    Case(
        "a repeated key",
        jsonl('{"text": "a", "text": "b"}'),
        refused("a.jsonl, line 1", "the key 'text' is repeated"),
    ),
    Case("labels that are empty", csv("a,x\n", labels=[""]), refused("'' in labels", "empty")),
    Case(
        "labels with a blank", csv("a,x\n", labels=["x", " "]), refused("in labels", "whitespace")
    ),
    Case("labels that are a string", csv("a,x\n", labels="xy"), refused("'xy'", "list")),
    Case("no labels", csv("a,x\n", labels=[]), refused("labels is []", "one label or more")),
    Case("labels that are numbers", csv("a,1\n", labels=[1]), refused("label 1", "not a string")),
    Case("a tag that is empty is missing", jsonl({"words": AB, "tags": ["", "x"]}), Gives([AB])),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file(case, tmp_path):
    check_file(case, tmp_path)


@pytest.mark.parametrize("case", typed(CASES), ids=name_of)
def test_command_says_the_same(case, tmp_path, command):
    check_command(case, tmp_path, command)
