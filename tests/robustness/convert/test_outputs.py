"""Where a conversion may write, and what it must not overwrite."""

import pytest
from cases import Case, Gives, name_of
from conversions import JSON, OLD, Folder, check_folder, load, refused
from odd_files import fill, folder_link, hard_link, link, make_folder, make_pipe

from spacy_mtl.corpus.convert import convert

LOST = ("is the input", "would be lost", "Choose another output")


FOLDER_CASES = [
    Case("the input itself", Folder({"a.spacy": JSON}, ["a.spacy"], "a.spacy"), refused(*LOST)),
    Case(
        "the input itself, guessed",
        Folder({"a.spacy": JSON}, ["a.spacy"], "a.spacy", "auto"),
        refused("a.spacy", *LOST),
    ),
    Case(
        "no .spacy suffix",
        Folder({"a.jsonl": JSON}, ["a.jsonl"], "a.jsonl"),
        refused("not a folder"),
    ),
    Case(
        "the input by another path",
        Folder({"a.spacy": JSON, "d": make_folder}, ["a.spacy"], "d/../a.spacy"),
        refused(*LOST),
    ),
    Case("the input's folder", Folder({"a.spacy": JSON}, ["a.spacy"], "."), refused(*LOST)),
    Case(
        "a link to the input",
        Folder({"a.jsonl": JSON, "b.spacy": link("a.jsonl")}, ["a.jsonl"], "b.spacy"),
        refused("b.spacy", *LOST),
    ),
    Case(
        "the input is a link to the output",
        Folder({"b.spacy": JSON, "a.jsonl": link("b.spacy")}, ["a.jsonl"], "b.spacy"),
        refused("b.spacy", *LOST),
    ),
    Case(
        "a hard link",
        Folder({"a.jsonl": JSON, "b.spacy": hard_link("a.jsonl")}, ["a.jsonl"], "b.spacy"),
        refused(*LOST),
    ),
    Case(
        "a link to the folder",
        Folder({"in/a.spacy": JSON, "out": folder_link("in")}, ["in/a.spacy"], "out"),
        refused("out/a.spacy", *LOST),
    ),
    Case(
        "an input of a folder",
        Folder({"in/a.jsonl": JSON, "in/b.spacy": JSON}, ["in"], "in", "auto"),
        refused("in/b.spacy", *LOST),
    ),
    Case(
        "another input of the call",
        Folder(
            {"a.jsonl": JSON, "b.jsonl": JSON, "out/a.spacy": link("../b.jsonl")},
            ["a.jsonl", "b.jsonl"],
            "out",
        ),
        refused("a.spacy", "b.jsonl", "lost"),
    ),
    Case(
        "a file of a split",
        Folder(
            {"t/seq.in": "a\n", "t/seq.out": "O\n", "t/label": "x\n", "b.spacy": link("t/label")},
            ["t"],
            "b.spacy",
            "seq",
        ),
        refused("b.spacy", "label", *LOST),
    ),
    Case(
        "some other file",
        Folder({"a.jsonl": JSON, "b.spacy": "my notes"}, ["a.jsonl"], "b.spacy"),
        refused("b.spacy", "exists and is not a .spacy file", "remove it"),
    ),
    Case(
        "some other file that is linked",
        Folder({"a.jsonl": JSON, "n": "x", "b.spacy": link("n")}, ["a.jsonl"], "b.spacy"),
        refused("b.spacy", "not a .spacy file"),
    ),
    Case(
        "some other file in the folder",
        Folder({"a.jsonl": JSON, "out/a.spacy": b"\x89PNG"}, ["a.jsonl"], "out"),
        refused("out/a.spacy", "not a .spacy file"),
    ),
    Case(
        "a folder in the folder",
        Folder(
            {"a.jsonl": JSON, "b.jsonl": JSON, "out": make_folder, "out/b.spacy": make_folder},
            ["a.jsonl", "b.jsonl"],
            "out",
        ),
        refused("b.spacy", "found a folder"),
    ),
    Case(
        "a pipe as the output",
        Folder({"a.jsonl": JSON, "b.spacy": make_pipe}, ["a.jsonl"], "b.spacy"),
        refused("b.spacy", "not a .spacy file"),
    ),
    Case(
        "a device as the output",
        Folder({"a.jsonl": JSON}, ["a.jsonl"], "/dev/null"),
        refused("not a folder"),
    ),
    Case(
        "a dangling link as the folder",
        Folder({"a.jsonl": JSON, "out": link("gone")}, ["a.jsonl"], "out"),
        refused("out: exists and is not a folder"),
    ),
    Case(
        "two outputs that are the same file",
        Folder(
            {"a.jsonl": JSON, "b.jsonl": JSON, "out/a.spacy": OLD, "out/b.spacy": link("a.spacy")},
            ["a.jsonl", "b.jsonl"],
            "out",
        ),
        refused("both go to", "one by one"),
    ),
    Case(
        "the same input twice", Folder({"a.jsonl": JSON}, ["a.jsonl"] * 2, "out"), refused("both")
    ),
    Case(
        "a folder below a file",
        Folder({"a.jsonl": JSON}, ["a.jsonl"], "a.jsonl/b.spacy"),
        refused("a.jsonl", "cannot be read or written"),
    ),
    Case(
        "a name that is too long",
        Folder({"a.jsonl": JSON}, ["a.jsonl"], "b" * 300 + ".spacy"),
        refused("cannot be read or written", "too long"),
    ),
    Case("a NUL in the name", Folder({"a.jsonl": JSON}, ["a.jsonl"], "b\0"), refused("NUL")),
    Case(
        "an earlier output",
        Folder({"a.jsonl": JSON, "b.spacy": OLD}, ["a.jsonl"], "b.spacy"),
        Gives([]),
    ),
    Case(
        "an earlier output that was cut short",
        Folder({"a.jsonl": JSON, "b.spacy": OLD[:-20]}, ["a.jsonl"], "b.spacy"),
        Gives([]),
    ),
    Case(
        "an empty output",
        Folder({"a.jsonl": JSON, "b.spacy": ""}, ["a.jsonl"], "b.spacy"),
        Gives([]),
    ),
    Case(
        "an earlier output in the input's folder",
        Folder({"d/a.jsonl": JSON, "d/a.spacy": OLD}, ["d"], "d", "auto"),
        Gives(["a.spacy"]),
    ),
]


@pytest.mark.parametrize("case", FOLDER_CASES, ids=name_of)
def test_folder(case, tmp_path, monkeypatch):
    check_folder(case, tmp_path, monkeypatch)


def test_an_output_that_is_a_link_stays_one(tmp_path):
    fill(tmp_path, {"a.jsonl": JSON, "real.spacy": OLD, "b.spacy": link("real.spacy")})
    convert(tmp_path / "a.jsonl", tmp_path / "b.spacy")
    assert (tmp_path / "b.spacy").is_symlink()
    assert [doc.text for doc in load(tmp_path / "real.spacy")] == ["a"]


def test_an_earlier_output_of_any_size_is_recognised(tmp_path):
    fill(tmp_path, {"a.jsonl": "".join(f'{{"text": "w{i} x"}}\n' for i in range(3000))})
    for _ in range(2):
        convert(tmp_path / "a.jsonl", tmp_path / "b.spacy")
        assert len(load(tmp_path / "b.spacy")) == 3000
