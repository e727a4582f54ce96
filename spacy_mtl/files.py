"""Folders that are there in full or not at all."""

import errno
import os
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

from .checksums import CHECKSUMS, MARK, damaged_files, write_checksums

if sys.platform != "win32":
    import fcntl

__all__ = [
    "CHECKSUMS",
    "MARK",
    "NEW",
    "OLD",
    "WriteError",
    "check_place",
    "damaged_files",
    "put_back",
    "remove",
    "remove_left",
    "write_checksums",
    "write_in_place",
]
NEW, OLD = ".new", ".old"
#: Of file systems that do not bring a folder to the disk: its files are there all the same.
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF)


class WriteError(ValueError):
    """A folder that cannot be written."""


def write_in_place(write: Callable[[Path], Any], path: Path) -> None:
    """Write a folder under another name, and give it its own once it is whole.

    It gets checksums of its files, but where `write` has written such, as a copy does. Of a
    link, the folder that it leads to is replaced. Of two processes that write the same, the
    second is refused (but not on Windows, nor where a file system knows no locks).

    write (Callable[[Path], Any]): Writes to the folder that it is given, which is there.
    path (Path): The folder. What was there goes, once this is whole.
    RAISES (WriteError): If the disk is full, or refuses otherwise. What was there still is.
    """
    check_place(path)
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        put_back(target)
        new = _free(target, NEW)
        try:
            new.mkdir()
            with _marked(new):
                write(new)
                if not (new / CHECKSUMS).exists():
                    write_checksums(new)
                _sync(new)
                old = _swap(new, target)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    except OSError as err:
        raise WriteError(
            f"{path} cannot be written: {err}. What was there before is as it was."
        ) from err
    # It is there: what fails from here on is no reason to say that it is not.
    try:
        with suppress(OSError):
            _sync_folder(target.parent)
    finally:
        if old is not None:
            _remove_marked(old)
        with suppress(OSError):
            (target / MARK).unlink()


def check_place(path: Path) -> None:
    """Look whether a folder could be written in place, before there is something to write.

    path (Path): The folder, which may be there.
    RAISES (WriteError): If it is a file, or cannot be given another name.
    """
    what = ""
    try:
        target = path.resolve()
        if not target.name:
            what = "it is where all folders are. Name a folder in it"
        elif target.exists() and not target.is_dir():
            what = "it is a file. Name a folder"
        elif os.path.ismount(target):
            what = "another disk is mounted there, so it cannot be replaced. Name a folder in it"
        elif _has_current(target):
            what = "it has the current directory in it, or is it. Go elsewhere, or name another"
    # Of links without end, too.
    except (OSError, RuntimeError) as err:
        what = str(err)
    if what:
        raise WriteError(f"{path} cannot be written: {what}. What was there before is as it was.")


def _has_current(folder: Path) -> bool:
    try:
        return Path.cwd().is_relative_to(folder)
    except FileNotFoundError:
        # It is removed.
        return False


def put_back(path: Path) -> bool:
    """Give a folder its name again, of which a kill came just between two renames.

    path (Path): The folder, which may be there.
    RETURNS (bool): Whether it was not, and is.
    """
    if os.path.lexists(path):
        return False
    # The one before is moved away only when the new one is whole.
    for left in (path.with_name(path.name + end) for end in (NEW, OLD)):
        if _is_left(left) and (left / CHECKSUMS).exists() and not damaged_files(left):
            left.rename(path)
            with suppress(OSError):
                (path / MARK).unlink()
            return True
    return False


def remove(path: Path) -> None:
    """Remove a folder. It loses its name first: what is half removed is none.

    path (Path): The folder.
    """
    old = _free(path, OLD)
    with suppress(OSError):
        (path / MARK).touch()
    path.rename(old)
    _remove_marked(old)


def remove_left(folder: Path, prefix: str) -> None:
    """Remove what processes left that were killed while they wrote or removed folders.

    folder (Path): The folder that those are in.
    prefix (str): What their names begin with. Others' of such a name stay.
    """
    for end in (NEW, OLD):
        for left in folder.glob(f"{prefix}*{end}*"):
            if _is_left(left):
                _remove_marked(left)


def _free(path: Path, end: str) -> Path:
    """A name beside a folder's, that nobody else has: theirs may be called so, too."""
    free, n = path.with_name(path.name + end), 0
    while os.path.lexists(free):
        if _is_locked(free):
            raise OSError(errno.EBUSY, "another process is writing it just now", str(free))
        if _is_left(free):
            _remove_marked(free)
            # Where it could not be removed, it stays.
            if not os.path.lexists(free):
                break
        n += 1
        free = path.with_name(f"{path.name}{end}{n}")
    return free


def _is_left(folder: Path) -> bool:
    """Whether it is of a process that was killed."""
    is_folder = folder.is_dir() and not folder.is_symlink()
    return is_folder and (folder / MARK).exists() and not _is_locked(folder)


@contextmanager
def _marked(folder: Path) -> Iterator[None]:
    """Mark a folder as ours for as long as somebody works inside."""
    if sys.platform == "win32":
        # There, a folder with an open file cannot be renamed.
        (folder / MARK).touch()
        yield
        return
    with (folder / MARK).open("wb") as file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _is_locked(folder: Path) -> bool:
    if sys.platform != "win32":
        # Some file systems lock only what is open for writing.
        with suppress(OSError), (folder / MARK).open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def _remove_marked(folder: Path) -> None:
    """Remove a folder, as far as possible, and its mark last: what is left then is known."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != MARK:
                path.unlink()
        shutil.rmtree(folder)


def _swap(new: Path, path: Path) -> Optional[Path]:
    """RETURNS (Optional[Path]): Where that is now that was there before."""
    if not path.exists():
        new.rename(path)
        return None
    old = _free(path, OLD)
    with suppress(OSError):
        (path / MARK).touch()
    try:
        path.rename(old)
        new.rename(path)
    except BaseException as err:
        try:
            if not path.exists():
                old.rename(path)
        except OSError:
            raise WriteError(
                f"{path} cannot be written: {err}. What was there before is {old} now. Rename it."
            ) from err
        with suppress(OSError):
            (path / MARK).unlink()
        raise
    return old


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        elif path.is_dir():
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    # Windows has no such thing.
    if hasattr(os, "O_DIRECTORY"):
        try:
            number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(number)
            finally:
                os.close(number)
        except OSError as err:
            if err.errno not in _NO_SYNC:
                raise
