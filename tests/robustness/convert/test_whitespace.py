"""Whitespace at the edges of entities, and no-break spaces."""

import pytest
from cases import Case, Gives, name_of
from conversions import check_command, check_file, ents, iob, jsonl, left_out, refused, typed

CASES = [
    # Entities that begin or end with whitespace
    Case(
        "an entity that begins with whitespace",
        jsonl({"words": [" ", "Rome"], "ents": [[0, 2, "x"]]}, ents),
        Gives([("Rome", "x")]),
    ),
    Case(
        "an entity that ends with a line end",
        jsonl({"words": ["Rome", "\n\n"], "ents": [[0, 2, "x"]]}, ents),
        Gives([("Rome", "x")]),
    ),
    Case(
        "trimmed entities are counted",
        jsonl({"words": ["\t", "a", "\n"], "ents": [[0, 3, "x"]]}, left_out),
        Gives({"whitespace at the beginning or end of an entity": 1}),
    ),
    Case(
        "an entity of whitespace only",
        jsonl({"words": ["a", " ", "\n"], "ents": [[1, 3, "x"]]}, left_out),
        Gives({"entity that is whitespace only": 1}),
    ),
    Case(
        "dropped entities are outside",
        jsonl(
            {"words": ["a", "\n"], "ents": [[1, 2, "x"]]},
            lambda done: [t.ent_iob_ for t in done.docs[0]],
        ),
        Gives(["O", "O"]),
    ),
    Case(
        "whitespace within an entity stays",
        jsonl({"words": ["a", "\n", "b"], "ents": [[0, 3, "x"]]}, ents),
        Gives([("a \n b", "x")]),
    ),
    Case(
        "a no-break space and a line separator are whitespace",
        jsonl({"words": ["\u00a0", "a", "\u2028"], "ents": [[0, 3, "x"]]}, ents),
        Gives([("a", "x")]),
    ),
    Case(
        "a zero-width space isn't whitespace",
        jsonl({"words": ["\u200b", "a"], "ents": [[0, 2, "x"]]}, left_out),
        Gives({}),
    ),
    Case(
        "an entity of columns that ends with a no-break space",
        iob("Rome\tB-x\n\u00a0\tI-x\n", ents),
        Gives([("Rome", "x")]),
    ),
    # No-break spaces
    Case("a no-break space as a token", iob("a\tO\n\u00a0\tO\n"), Gives([["a", "\u00a0"]])),
    Case(
        "a no-break space as a token, between spaces",
        iob("\u00a0 O\na O\n"),
        Gives([["\u00a0", "a"]]),
    ),
    Case("a no-break space in a word", iob("10\u00a0000 O\n"), Gives([["10\u00a0000"]])),
    Case("a line of a no-break space", iob("a O\n\u00a0\n"), refused("a.iob, line 2", "\\xa0")),
    Case(
        "a no-break space instead of a space",
        iob("a O\nb\u00a0O\n"),
        refused("line 2", "1 columns, expected 2", "b\\xa0O"),
    ),
    Case("a no-break space after a tag", iob("a\tB-x\u00a0\n"), refused("line 1", "B-x\\xa0")),
    Case("a missing word", iob("a\tO\n\tO\n"), refused("line 2", "column 0 is empty")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file(case, tmp_path):
    check_file(case, tmp_path)


@pytest.mark.parametrize("case", typed(CASES), ids=name_of)
def test_command_says_the_same(case, tmp_path, command):
    check_command(case, tmp_path, command)
