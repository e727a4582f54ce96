"""Column files: headers, comments, and several tags in one column."""

import pytest
from cases import Case, Gives, name_of
from conversions import File, check_command, check_file, ents, iob, refused, says, taken, tsv, typed

CASES = [
    # Headers and comments of column files
    Case("a header, guessed", iob("Word\tTag\nRome\tB-x\n", ents), Gives([("Rome", "x")])),
    Case("a header, specified", iob("w\tt\nRome\tB-x\n", header=True), Gives([["Rome"]])),
    Case(
        "header set to False",
        iob("word\ttag\nRome\tB-x\n", header=False),
        refused("a.iob, line 1", "'tag' is not an entity tag"),
    ),
    Case(
        "a header without usual names",
        iob("w\tt\nRome\tB-x\n"),
        refused("a.iob, line 1", "'t'", "specify that there is a header"),
    ),
    Case("a header of a .tsv", tsv("token\tner\nRome\tB-x\n", ents), Gives([("Rome", "x")])),
    Case(
        "a header of spaces, by content", File("a.conll", "word tag\nRome B-x\n"), Gives([["Rome"]])
    ),
    Case(
        "a header is reported", iob("word tag\nRome O\n", taken), says("header: line 1: word, tag")
    ),
    Case("words like a header", iob("word\tO\ntoken\tO\n"), Gives([["word", "token"]])),
    Case("comments, guessed", iob("# id = 5\nRome B-x\n"), Gives([["Rome"]])),
    Case("comments of a .tsv", tsv("# id = 5\nRome\tB-x\n"), Gives([["Rome"]])),
    Case("comments, specified", iob("% O\nRome O\n", comment="%"), Gives([["Rome"]])),
    Case("comments that look like rows", iob("#x O\na O\n", comment="#"), Gives([["a"]])),
    Case("words that look like comments", iob("# O\n#tag B-x\n"), Gives([["#", "#tag"]])),
    Case(
        "a comment without a space",
        iob("a O\n#id\n"),
        refused("a.iob, line 2", "1 columns, expected 2", "set comment to '#'"),
    ),
    Case("comments are counted", iob("# a\n# b\nx\tO\n", taken), says("2 lines")),
    # Several tags in one column
    Case(
        "two tags with a comma",
        iob("a\tO\nb\tB-a,B-b\n"),
        refused("a.iob, line 2", "'B-a,B-b' contains several tags", "Expected one"),
    ),
    Case("two tags with a bar", iob("a\tB-a|I-b\n"), refused("line 1", "several tags")),
    Case("a tag and O", iob("a\tO\nb\tB-a,O\n"), refused("line 2", "several tags")),
    Case("O and a tag", iob("a\tO\nb\tO|B-a\n"), refused("line 2", "several tags")),
    Case("two tags of a .tsv", tsv("a\tO\n\nb\tB-a,B-b\n"), refused("line 3", "several tags")),
    Case("a label with a comma", iob("a\tB-x,y\n", ents), Gives([("a", "x,y")])),
    Case("a label with a hyphen", iob("a\tB-B-x\n", ents), Gives([("a", "B-x")])),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file(case, tmp_path):
    check_file(case, tmp_path)


@pytest.mark.parametrize("case", typed(CASES), ids=name_of)
def test_command_says_the_same(case, tmp_path, command):
    check_command(case, tmp_path, command)
