"""Encodings, byte order marks, NUL characters and line ends."""

import pytest
from cases import Case, Gives, name_of
from conversions import File, check_file, csv, iob, jsonl, refused, tsv

AB = ["a", "b"]


CASES = [
    # Characters
    Case("a NUL character", iob("a\tO\nb\0\tO\n"), refused("a.iob, line 2", "NUL")),
    Case("a NUL character in JSON", jsonl({"words": ["a\0"]}), refused("'a\\x00'", "NUL")),
    Case("a NUL in a category", jsonl({"text": "a", "cats": {"x\0": 1}}), refused("NUL")),
    Case("UTF-16", jsonl('{"text": "a"}'.encode("utf-16")), refused("UTF-16", "Save it as UTF-8")),
    Case(
        "UTF-16 without a byte order mark",
        tsv("good film\tpos\n".encode("utf-16-le")),
        refused("a.tsv, line 1", "NUL", "UTF-16"),
    ),
    Case("truncated UTF-8", csv(b"a,x\nb\xc3"), refused("a.csv, line 2", "0xc3")),
    Case("half of a pair", jsonl('{"text": "\\ud83d"}'), refused("line 1", "surrogates")),
    Case("both of a pair", jsonl('{"text": "\\ud83d\\ude00"}'), Gives([["\U0001f600"]])),
    Case(
        "concatenated files",
        iob("a O\n\n\ufeffb O\n"),
        refused("a.iob, line 3", "byte order mark", "Remove it"),
    ),
    Case("a byte order mark within a word", iob("a\ufeffb O\n"), Gives([["a\ufeffb"]])),
    Case("a byte order mark, by content", File("a.x", "\ufeffa\tO\n"), Gives([["a"]])),
    Case(
        "carriage returns as line ends",
        iob("a O\rb O\r"),
        refused("a.iob, line 1", "carriage return", "line feeds"),
    ),
    Case("carriage returns twice", iob("a O\r\r\nb O\r\r\n"), Gives([AB])),
    Case("carriage returns in a table", csv("a,x\rb,y\r"), Gives([["a"], ["b"]])),
    Case("only whitespace", iob(" \n\u00a0\n"), refused("a.iob: the file is empty")),
    Case("an empty file", jsonl(""), refused("a.jsonl: the file is empty")),
    Case("a long line", jsonl({"words": ["w"] * 50_000}, lambda d: len(d.docs[0])), Gives(50_000)),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file(case, tmp_path):
    check_file(case, tmp_path)
