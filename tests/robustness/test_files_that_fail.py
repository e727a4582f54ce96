"""Full disks, failing renames and failing removals while a folder is written."""

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from cases import Case, Refused, check, name_of
from written_folders import (
    content,
    failing,
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
    write_checksums,
    write_in_place,
)

FAULTS = [
    Case(
        "the disk is full",
        (errno.ENOSPC, os, "fsync"),
        Refused("out", "No space left", "is unchanged"),
    ),
    Case("no permission", (errno.EACCES, Path, "mkdir"), Refused("out", "Permission denied")),
    Case("read-only", (errno.EROFS, Path, "mkdir"), Refused("out", "Read-only file system")),
    Case("no rename", (errno.EBUSY, Path, "rename"), Refused("out", "busy", "is unchanged")),
]


@pytest.mark.parametrize("case", FAULTS, ids=name_of)
@pytest.mark.parametrize("is_there", [True, False])
def test_what_cannot_be_written(
    case: Case, is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    if is_there:
        old_one(path)

    def run(fault: Any) -> None:
        number, owner, name = fault
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, failing(number, "somewhere"))
            write_in_place(content("now"), path)

    case.answer.error = WriteError
    check(case, run)
    assert names(path) == (["out"] if is_there else [])
    if is_there:
        assert sorted(each.name for each in path.iterdir()) == ["file", "stale"]
        assert (path / "file").read_text() == "before"


def test_second_rename_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that was moved away gets its name back."""
    path = tmp_path / "out"
    old_one(path)
    rename = Path.rename

    def second(self: Path, target: Path) -> Path:
        if self.name == "out.new":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second)
    with pytest.raises(WriteError, match="Input/output error"):
        write_in_place(content("now"), path)
    assert names(path) == ["out"]
    assert sorted(each.name for each in path.iterdir()) == ["file", "stale"]


def test_both_renames_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says where the old folder is now, and the next write restores it."""
    path = tmp_path / "out"
    old_one(path)
    write_checksums(path)
    rename = Path.rename

    def first(self: Path, target: Path) -> Path:
        if self != path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", first)
        with pytest.raises(
            WriteError, match=r"The previous folder is now \S*out.old. Rename it back"
        ):
            write_in_place(content("now"), path)
    assert names(path) == ["out.old"]
    assert put_back(path)
    assert sorted(each.name for each in path.iterdir()) == [CHECKSUMS, "file", "stale"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
@pytest.mark.parametrize("is_there", [True, False])
def test_what_fails_once_it_is_there(
    number: int, is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failing to sync the parent folder is not an error once the new folder is in place."""
    path = tmp_path / "here" / "out"
    path.parent.mkdir()
    if is_there:
        old_one(path)
    inode, fsync, unlink = path.parent.stat().st_ino, os.fsync, Path.unlink

    def fail_there(file: int) -> None:
        if os.fstat(file).st_ino == inode:
            raise OSError(number, os.strerror(number))
        fsync(file)

    def unlink_others(self: Path, missing_ok: bool = False) -> None:
        if self == path / MARK:
            raise OSError(number, os.strerror(number))
        unlink(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail_there)
        patch.setattr(Path, "unlink", unlink_others)
        write_in_place(content("now"), path)
    assert names(path) == ["out"]
    assert (path / "file").read_text() == "now"
    # A leftover mark does not get in the way.
    write_in_place(content("later"), path)
    assert sorted(each.name for each in path.iterdir()) == [CHECKSUMS, "file"]


def test_folders_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems can only sync files."""
    fsync = os.fsync

    def files_only(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(file)

    monkeypatch.setattr(os, "fsync", files_only)
    write_in_place(content("now"), tmp_path / "out")
    assert not damaged_files(tmp_path / "out")


def test_what_is_left_and_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another name is used."""
    of_kill(tmp_path / "out.new", "x", is_whole=False)
    rmtree = shutil.rmtree

    def others(path: Path, *args: Any, **kwargs: Any) -> None:
        if Path(path).name == "out.new":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        rmtree(path, *args, **kwargs)

    monkeypatch.setattr(shutil, "rmtree", others)
    write_in_place(content("now"), tmp_path / "out")
    assert (tmp_path / "out" / "file").read_text() == "now"
