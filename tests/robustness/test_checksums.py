"""Checksums of a folder: what is damaged, missing, or no checksum."""

import json
import os
import shutil
from pathlib import Path
from typing import Any, List

import pytest
from cases import Case, Gives, check, name_of
from odd_files import as_folder
from written_folders import (
    Change,
)

from spacy_mtl.files import (
    CHECKSUMS,
    damaged_files,
    write_checksums,
)


def listed(content: Any) -> Change:
    text = content if isinstance(content, str) else json.dumps(content)
    return lambda folder: (folder / CHECKSUMS).write_text(text)


def link_out(folder: Path) -> None:
    (folder / "a").unlink()
    (folder / "a").symlink_to("/etc/hostname")


def link_to_itself(folder: Path) -> None:
    (folder / "a").unlink()
    (folder / "a").symlink_to("a")


def package(folder: Path) -> None:
    """As building a wheel does: with the same meta.json beside the folder and in it."""
    (folder.parent / "__init__.py").write_text("")
    for where in (folder.parent, folder):
        (where / "meta.json").write_text('{"version": "1.0"}')


def package_of_another(folder: Path) -> None:
    package(folder)
    (folder / "meta.json").write_text('{"version": "1.1"}')


def says(*words: str) -> Gives:
    return Gives(lambda texts: len(texts) == 1 and all(word in texts[0] for word in words))


SUM = "0" * 64


FOLDERS = [
    Case("as it was", lambda f: None, Gives([])),
    Case("no checksums", lambda f: (f / CHECKSUMS).unlink(), Gives([])),
    Case("other bytes", lambda f: (f / "a").write_text("x"), says("a has other bytes", CHECKSUMS)),
    Case("one is gone", lambda f: (f / "b/c").unlink(), says("b/c is missing")),
    Case("a folder is gone", lambda f: shutil.rmtree(f / "b"), says("b/c is missing")),
    Case("a readme more", lambda f: (f / "README.md").write_text("x"), Gives([])),
    Case("a folder for a file", as_folder("a"), says("a is no file")),
    Case("a link out", link_out, says("a is a link that leads out")),
    Case("a link to itself", link_to_itself, says("a ")),
    Case("a pipe", lambda f: [(f / "a").unlink(), os.mkfifo(f / "a")], says("a is no file")),
    Case("checksums: empty", listed(""), says(CHECKSUMS, "cannot be read")),
    Case("checksums: half", listed('{"a": "00'), says(CHECKSUMS, "cannot be read")),
    Case("checksums: too deep", listed("[" * 100_000), says(CHECKSUMS, "cannot be read")),
    Case("checksums: a list", listed([1]), says("no JSON object")),
    Case("checksums: of nothing", listed({}), says("no JSON object")),
    Case("checksums: a number", listed({"a": 1}), says("that of 'a' is 1")),
    Case("checksums: too short", listed({"a": "00"}), says("that of 'a' is '00'")),
    Case("checksums: of the folder above", listed({"../x": SUM}), says("'../x' is no path")),
    Case("checksums: of the root", listed({"/etc/passwd": SUM}), says("'/etc/passwd' is no path")),
    Case("checksums: of no text", listed('{"\\ud800": "%s"}' % SUM), says("is no path")),
    Case(
        "checksums: a long number",
        listed('{"a": %s}' % ("9" * 4200)),
        says("that of 'a' is a whole number of about"),
    ),
    Case("checksums: longer", listed('{"a": %s}' % ("9" * 5000)), says("cannot be read")),
    Case("checksums: long name", listed({"a" * 5000: SUM}), says("cannot be read")),
    Case("checksums: of no name", listed({"": SUM}), says("'' is no path")),
    Case("checksums: a folder", as_folder(CHECKSUMS), says(CHECKSUMS, "cannot be read")),
    Case("the meta changed", lambda f: (f / "meta.json").write_text("x"), says("meta.json has")),
    Case("in a package", package, Gives([])),
    Case("in another's package", package_of_another, says("meta.json has other bytes")),
]


@pytest.mark.parametrize("case", FOLDERS, ids=name_of)
def test_checksums(case: Case, tmp_path: Path) -> None:
    folder = tmp_path / "package" / "folder"
    (folder / "b").mkdir(parents=True)
    for name in ("a", "b/c", "meta.json"):
        (folder / name).write_text(name)
    write_checksums(folder)

    def run(change: Change) -> List[str]:
        change(folder)
        return damaged_files(folder)

    check(case, run)
