"""Write folders atomically: they exist in full or not at all."""

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
#: Errors of file systems that cannot sync a folder; its files are synced all the same.
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF)


class WriteError(ValueError):
    """Raised when a folder cannot be written."""


def write_in_place(write: Callable[[Path], Any], path: Path) -> None:
    """Write a folder under a temporary name, and rename it once it is complete.

    Adds checksums of the files unless `write` wrote some itself, as a copy does. If `path` is a
    link, the folder it points to is replaced. If two processes write the same folder, the second
    is refused (except on Windows and on file systems without locks).

    write (Callable[[Path], Any]): Fills the existing folder that it is given.
    path (Path): The folder. An existing one is replaced once the new one is complete.
    RAISES (WriteError): If the disk is full, or writing fails otherwise. An existing folder
        stays as it is.
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
            f"{path} cannot be written: {err}. Its previous content is unchanged."
        ) from err
    # The folder is in place: later failures must not be reported as a failed write.
    try:
        with suppress(OSError):
            _sync_folder(target.parent)
    finally:
        if old is not None:
            _remove_marked(old)
        with suppress(OSError):
            (target / MARK).unlink()


def check_place(path: Path) -> None:
    """Check up front that a folder could be written in place.

    path (Path): The folder, which may exist.
    RAISES (WriteError): If it is a file or cannot be renamed.
    """
    what = ""
    try:
        target = path.resolve()
        if not target.name:
            what = "it is the root folder. Name a folder inside it"
        elif target.exists() and not target.is_dir():
            what = "it is a file. Name a folder"
        elif os.path.ismount(target):
            what = (
                "another disk is mounted there, so it cannot be replaced. Name a folder inside it"
            )
        elif _has_current(target):
            what = (
                "it is or contains the current directory. Change directory, or name another folder"
            )
    # RuntimeError: circular links.
    except (OSError, RuntimeError) as err:
        what = str(err)
    if what:
        raise WriteError(f"{path} cannot be written: {what}. Its previous content is unchanged.")


def _has_current(folder: Path) -> bool:
    try:
        return Path.cwd().is_relative_to(folder)
    except FileNotFoundError:
        # The current directory was removed.
        return False


def put_back(path: Path) -> bool:
    """Restore a folder's name if the process was killed between the two renames.

    path (Path): The folder, which may exist.
    RETURNS (bool): Whether it was missing and has been restored.
    """
    if os.path.lexists(path):
        return False
    # The old folder is only moved away once the new one is complete.
    for left in (path.with_name(path.name + end) for end in (NEW, OLD)):
        if _is_left(left) and (left / CHECKSUMS).exists() and not damaged_files(left):
            left.rename(path)
            with suppress(OSError):
                (path / MARK).unlink()
            return True
    return False


def remove(path: Path) -> None:
    """Remove a folder. Rename it first, so that a half-removed folder never has its name.

    path (Path): The folder.
    """
    old = _free(path, OLD)
    with suppress(OSError):
        (path / MARK).touch()
    path.rename(old)
    _remove_marked(old)


def remove_left(folder: Path, prefix: str) -> None:
    """Remove what killed processes left behind while writing or removing folders.

    folder (Path): The folder that contains the leftovers.
    prefix (str): What their names begin with. Unmarked folders with such a name stay.
    """
    for end in (NEW, OLD):
        for left in folder.glob(f"{prefix}*{end}*"):
            if _is_left(left):
                _remove_marked(left)


def _free(path: Path, end: str) -> Path:
    """Find an unused name next to a folder: users may have folders with such names, too."""
    free, n = path.with_name(path.name + end), 0
    while os.path.lexists(free):
        if _is_locked(free):
            raise OSError(errno.EBUSY, "another process is writing it right now", str(free))
        if _is_left(free):
            _remove_marked(free)
            # If it could not be removed, try the next name.
            if not os.path.lexists(free):
                break
        n += 1
        free = path.with_name(f"{path.name}{end}{n}")
    return free


def _is_left(folder: Path) -> bool:
    """Whether a killed process left it behind."""
    is_folder = folder.is_dir() and not folder.is_symlink()
    return is_folder and (folder / MARK).exists() and not _is_locked(folder)


@contextmanager
def _marked(folder: Path) -> Iterator[None]:
    """Mark a folder as ours while it is being written."""
    if sys.platform == "win32":
        # Windows cannot rename a folder with an open file in it.
        (folder / MARK).touch()
        yield
        return
    with (folder / MARK).open("wb") as file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _is_locked(folder: Path) -> bool:
    if sys.platform != "win32":
        # Some file systems only lock files that are open for writing.
        with suppress(OSError), (folder / MARK).open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def _remove_marked(folder: Path) -> None:
    """Remove a folder as far as possible, its mark last, so that leftovers stay recognizable."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != MARK:
                path.unlink()
        shutil.rmtree(folder)


def _swap(new: Path, path: Path) -> Optional[Path]:
    """RETURNS (Optional[Path]): Where the old folder is now, if there was one."""
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
                f"{path} cannot be written: {err}. The previous folder is now {old}. "
                "Rename it back."
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
    # Windows cannot open folders.
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
