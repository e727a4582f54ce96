"""Inputs that aren't files: pipes, devices, sockets, dangling links."""

import os

import pytest
from cases import Case, Gives, name_of
from conversions import (
    JSON,
    Folder,
    check_folder,
    refused,
)
from odd_files import link, make_folder, make_pipe, make_socket

NO_FILE = "expected a regular file, found a "


FOLDER_CASES = [
    Case(
        "a pipe", Folder({"p.jsonl": make_pipe}, ["p.jsonl"], "b.spacy"), refused(NO_FILE + "pipe")
    ),
    Case(
        "a pipe, guessed",
        Folder({"p.x": make_pipe}, ["p.x"], "b.spacy", "auto"),
        refused("p.x: " + NO_FILE + "pipe", "Save its content"),
    ),
    Case(
        "a link to a pipe",
        Folder({"p": make_pipe, "a.jsonl": link("p")}, ["a.jsonl"], "b.spacy", "auto"),
        refused("a.jsonl", NO_FILE + "pipe"),
    ),
    Case("a device", Folder({}, ["/dev/zero"], "b.spacy", "auto"), refused(NO_FILE + "device")),
    Case("a device, specified", Folder({}, ["/dev/zero"], "b.spacy"), refused(NO_FILE + "device")),
    Case("a socket", Folder({"s": make_socket}, ["s"], "b.spacy"), refused(NO_FILE + "socket")),
    Case(
        "a pipe in a split",
        Folder(
            {"t/seq.in": "a\n", "t/seq.out": "O\n", "t/label": make_pipe}, ["t"], "b.spacy", "seq"
        ),
        refused("label: " + NO_FILE + "pipe"),
    ),
    Case(
        "a folder with only a pipe",
        Folder({"d": make_folder, "d/p.jsonl": make_pipe}, ["d"], "out"),
        refused("no file of the format 'jsonl'"),
    ),
    Case(
        "a folder with a pipe",
        Folder({"d/a.jsonl": JSON, "d/p.jsonl": make_pipe, "d/q": make_pipe}, ["d"], "out", "auto"),
        Gives(["p.jsonl", "q"]),
    ),
    Case(
        "a folder with a pipe, specified",
        Folder({"d/a.jsonl": JSON, "d/p.jsonl": make_pipe}, ["d"], "out"),
        Gives(["p.jsonl"]),
    ),
    Case(
        "a folder with a dangling link",
        Folder({"d/a.jsonl": JSON, "d/b.jsonl": link("gone"), "d/c": link("c")}, ["d"], "out"),
        Gives(["b.jsonl", "c"]),
    ),
    Case(
        "a link to nowhere", Folder({"a": link("gone")}, ["a"], "b.spacy"), refused("no such file")
    ),
]


@pytest.mark.parametrize("case", FOLDER_CASES, ids=name_of)
def test_folder(case, tmp_path, monkeypatch):
    check_folder(case, tmp_path, monkeypatch)


def test_names_that_are_not_utf8(tmp_path, command):
    os.symlink("gone", os.fsencode(tmp_path) + b"/\xff.jsonl")
    (tmp_path / "a.jsonl").write_text(JSON)
    result = command(".", "out")
    assert result.exit_code == 0, result.output
    assert "Skipped" in result.output
