"""Files are written as a whole, all of them or none."""

import os
from pathlib import Path

import pytest

from spacy_mtl.atomic_files import write_files


def test_link_targets_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.spacy").symlink_to("real.spacy")
    write_files({tmp_path / "a.spacy": b"new"})
    assert (tmp_path / "a.spacy").is_symlink()
    assert (tmp_path / "real.spacy").read_bytes() == b"new"


def test_failed_writing_leaves_no_files(tmp_path: Path) -> None:
    (tmp_path / "b.spacy").mkdir()
    with pytest.raises(OSError, match="b.spacy"):
        write_files({tmp_path / "b.spacy": b"new"})
    assert [path.name for path in tmp_path.iterdir()] == ["b.spacy"]


def test_failed_writing_keeps_the_old_files(tmp_path: Path) -> None:
    first, second = tmp_path / "a.spacy", tmp_path / "b" / "b.spacy"
    first.write_bytes(b"old")
    (tmp_path / "b").write_bytes(b"a file where a folder should be")
    with pytest.raises((FileExistsError, NotADirectoryError)):
        write_files({first: b"new", second: b"new"})
    assert first.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.spacy", "b"]


def test_written_files_have_usual_permissions(tmp_path: Path) -> None:
    write_files({tmp_path / "a.spacy": b"x"})
    (tmp_path / "other").write_bytes(b"x")
    modes = [os.stat(tmp_path / name).st_mode for name in ("a.spacy", "other")]
    assert modes[0] == modes[1]
