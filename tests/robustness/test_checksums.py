"""Checksums of a folder: damaged and missing files, invalid checksums."""

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
    """Build a package as a wheel has it: the same meta.json inside and next to the folder."""
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
    Case("unchanged", lambda f: None, Gives([])),
    Case("no checksums", lambda f: (f / CHECKSUMS).unlink(), Gives([])),
    Case(
        "other bytes",
        lambda f: (f / "a").write_text("x"),
        says("a has changed since it was written", CHECKSUMS),
    ),
    Case("a missing file", lambda f: (f / "b/c").unlink(), says("b/c is missing")),
    Case("a missing folder", lambda f: shutil.rmtree(f / "b"), says("b/c is missing")),
    Case("an added readme", lambda f: (f / "README.md").write_text("x"), Gives([])),
    Case("a folder instead of a file", as_folder("a"), says("a is not a regular file")),
    Case("a link out", link_out, says("a is a link that points outside")),
    Case("a link to itself", link_to_itself, says("a ")),
    Case(
        "a pipe",
        lambda f: [(f / "a").unlink(), os.mkfifo(f / "a")],
        says("a is not a regular file"),
    ),
    Case("checksums: empty", listed(""), says(CHECKSUMS, "cannot be read")),
    Case("checksums: cut off", listed('{"a": "00'), says(CHECKSUMS, "cannot be read")),
    Case("checksums: too deep", listed("[" * 100_000), says(CHECKSUMS, "cannot be read")),
    Case("checksums: a list", listed([1]), says("not a JSON object")),
    Case("checksums: no entries", listed({}), says("not a JSON object")),
    Case("checksums: a number", listed({"a": 1}), says("entry of 'a' is 1, not a SHA-256")),
    Case("checksums: too short", listed({"a": "00"}), says("entry of 'a' is '00', not a SHA-256")),
    Case("checksums: of the folder above", listed({"../x": SUM}), says("'../x' is not a path")),
    Case(
        "checksums: of the root", listed({"/etc/passwd": SUM}), says("'/etc/passwd' is not a path")
    ),
    Case("checksums: not UTF-8", listed('{"\\ud800": "%s"}' % SUM), says("is not a path")),
    Case(
        "checksums: a long number",
        listed('{"a": %s}' % ("9" * 4200)),
        says("entry of 'a' is a whole number of about"),
    ),
    Case("checksums: a longer number", listed('{"a": %s}' % ("9" * 5000)), says("cannot be read")),
    Case("checksums: a long name", listed({"a" * 5000: SUM}), says("cannot be read")),
    Case("checksums: no name", listed({"": SUM}), says("'' is not a path")),
    Case("checksums: a folder", as_folder(CHECKSUMS), says(CHECKSUMS, "cannot be read")),
    Case("changed meta", lambda f: (f / "meta.json").write_text("x"), says("meta.json has")),
    Case("inside a package", package, Gives([])),
    Case(
        "inside another package",
        package_of_another,
        says("meta.json has changed since it was written"),
    ),
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
