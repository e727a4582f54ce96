"""Folders written in place: replaced in full, or unchanged."""

import os
from pathlib import Path
from typing import Any, List

import pytest
from cases import Case, Gives, Refused, check, name_of
from written_folders import (
    Change,
    content,
    names,
    of_kill,
    old_one,
)

from spacy_mtl.files import (
    CHECKSUMS,
    MARK,
    WriteError,
    damaged_files,
    put_back,
    remove,
    remove_left,
    write_checksums,
    write_in_place,
)


def linked(path: Path) -> None:
    path.with_name("elsewhere").mkdir()
    path.symlink_to("elsewhere")


def between_the_renames(path: Path) -> None:
    of_kill(path.with_name("out.new"), "new", is_whole=True)
    of_kill(path.with_name("out.old"), "old", is_whole=True)


def theirs(end: str) -> Change:
    def change(path: Path) -> None:
        theirs = path.with_name(path.name + end)
        theirs.mkdir()
        (theirs / "file").write_text("theirs")
        write_checksums(theirs)

    return change


def theirs_empty(path: Path) -> None:
    path.with_name("out.new").mkdir()
    path.with_name("out.old").mkdir()
    old_one(path)


IN_PLACE = [
    Case("nothing", lambda path: None, Gives(["out"])),
    Case("an empty folder", lambda path: path.mkdir(), Gives(["out"])),
    Case("an old one", old_one, Gives(["out"])),
    Case("a link to a folder", linked, Gives(["elsewhere", "out"])),
    Case("a link to nothing", lambda path: path.symlink_to("x"), Gives(["out", "x"])),
    Case(
        "half-written, killed",
        lambda p: of_kill(p.with_name("out.new"), "x", False),
        Gives(["out"]),
    ),
    Case("complete, killed", lambda p: of_kill(p.with_name("out.new"), "x", True), Gives(["out"])),
    Case("killed between renames", between_the_renames, Gives(["out"])),
    Case("a user's .old", theirs(".old"), Gives(["out", "out.old"])),
    Case("a user's .new", theirs(".new"), Gives(["out", "out.new"])),
    Case("a user's, empty", theirs_empty, Gives(["out", "out.new", "out.old"])),
    Case("a file", lambda path: path.write_text(""), Refused("out", "it is a file")),
    Case("a link to itself", lambda p: p.symlink_to(p), Refused("out cannot be written", "loop")),
    Case(
        "the current directory",
        lambda p: [old_one(p), os.chdir(p)],
        Refused("current directory", "Change directory", "is unchanged"),
    ),
    Case(
        "above the current directory",
        lambda p: [old_one(p), (p / "in").mkdir(), os.chdir(p / "in")],
        Refused("current directory", "Change directory", "is unchanged"),
    ),
    Case("a link to a file", lambda p: p.symlink_to("/etc/hostname"), Refused("it is a file")),
]


@pytest.mark.parametrize("case", IN_PLACE, ids=name_of)
def test_in_place(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "here" / "out"
    path.parent.mkdir()

    def run(change: Change) -> List[str]:
        change(path)
        is_link = path.is_symlink()
        write_in_place(content("now"), path)
        assert path.is_symlink() == is_link
        assert sorted(each.name for each in path.iterdir()) == [CHECKSUMS, "file"]
        assert (path / "file").read_text() == "now"
        assert not damaged_files(path)
        for other in path.parent.glob("out.*"):
            assert all(file.read_text() == "theirs" for file in other.glob("file"))
        return names(path)

    if isinstance(case.answer, Refused):
        case.answer.error = WriteError
    check(case, run)


def test_parents_are_made(tmp_path: Path) -> None:
    write_in_place(content("now"), tmp_path / "a" / "b" / "out")
    assert (tmp_path / "a/b/out/file").read_text() == "now"


def test_two_writers(tmp_path: Path) -> None:
    """The second writer is refused and doesn't disturb the first."""
    path = tmp_path / "out"

    def write(folder: Path) -> None:
        (folder / "file").write_text("first")
        with pytest.raises(WriteError, match="another process is writing it right now.*out.new"):
            write_in_place(content("second"), path)
        remove_left(tmp_path, "out")
        assert not put_back(path)

    write_in_place(write, path)
    assert names(path) == ["out"]
    assert (path / "file").read_text() == "first"


def test_a_current_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    os.chdir("gone")
    (tmp_path / "gone").rmdir()
    write_in_place(content("now"), tmp_path / "out")
    write_in_place(content("later"), tmp_path / "out")
    assert (tmp_path / "out" / "file").read_text() == "later"


def test_a_mount_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: str(path) == str(tmp_path / "out"))
    old_one(tmp_path / "out")
    with pytest.raises(WriteError, match="another disk is mounted there.*Name a folder inside it"):
        write_in_place(content("now"), tmp_path / "out")


def test_another_error_leaves_nothing(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        (folder / "file").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_in_place(write, tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("is_whole", [True, False])
def test_put_back(tmp_path: Path, is_whole: bool) -> None:
    """The new folder is restored if it is complete, else the old one."""
    path = tmp_path / "out"
    of_kill(tmp_path / "out.new", "new", is_whole)
    of_kill(tmp_path / "out.old", "old", is_whole=True)
    assert put_back(path)
    assert not put_back(path)
    assert (path / "file").read_text() == ("new" if is_whole else "old")
    assert not (path / MARK).exists()


def test_a_kill_while_it_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-removed folder is recognized whatever is left of it; users' folders stay."""
    old_one(tmp_path / "out-1")
    old_one(tmp_path / "out-2.old")

    def kill(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", kill)
        with pytest.raises(KeyboardInterrupt):
            remove(tmp_path / "out-1")
    assert names(tmp_path / "out-1") == ["out-1.old", "out-2.old"]
    remove_left(tmp_path, "out-")
    assert names(tmp_path / "out-1") == ["out-2.old"]
