"""Folders that are there in full or not at all, and whether they still are what was written."""

import errno
import hashlib
import json
import os
import re
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, Callable, Iterator, List, Optional, Tuple

from .hints import shortened

if sys.platform != "win32":
    import fcntl

#: In a folder, a JSON object: by the path of each other file in it, its SHA-256 in hex digits.
CHECKSUMS = "checksums.json"
NEW, OLD = ".new", ".old"
#: In a folder that is being written or replaced: what has it is no one else's. Whoever writes
#: there holds a lock on it, which goes with the process, however it ends.
MARK = ".spacy_mtl"
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


def write_checksums(folder: Path) -> None:
    """Write the checksums of all files of a folder into it.

    folder (Path): The folder.
    """
    found = {
        path.relative_to(folder).as_posix(): _checksum(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in (folder / CHECKSUMS, folder / MARK)
    }
    (folder / CHECKSUMS).write_text(json.dumps(found, indent=1), encoding="utf8")


def damaged_files(folder: Path) -> List[str]:
    """Compare a folder with its checksums.

    Files that came later, such as the README.md of a package, are no damage.

    folder (Path): The folder.
    RETURNS (List[str]): What is wrong with which file; nothing where there are no checksums.
    """
    return [text for _, text in damage_by_file(folder)]


def damage_by_file(folder: Path) -> List[Tuple[str, str]]:
    """Compare a folder with its checksums.

    folder (Path): The folder.
    RETURNS (List[Tuple[str, str]]): The path of each file that is damaged, as the checksums have
        it, or that of these; and what is wrong, with the path.
    """
    path = folder / CHECKSUMS
    if not os.path.lexists(path):
        return []
    try:
        known = json.loads(path.read_text(encoding="utf8"))
    # Of brackets without end, too.
    except (OSError, ValueError, RecursionError) as err:
        return [(CHECKSUMS, f"{CHECKSUMS} cannot be read: {err}")]
    if not isinstance(known, dict) or not known:
        text = f"{CHECKSUMS} is damaged: it is no JSON object of paths and their checksums"
        return [(CHECKSUMS, text)]
    found = []
    for name, checksum in known.items():
        if not isinstance(checksum, str) or not re.fullmatch("[0-9a-f]{64}", checksum):
            what = f"that of {shortened(name)} is {shortened(checksum)}, no SHA-256"
            found.append((CHECKSUMS, f"{CHECKSUMS} is damaged: {what}"))
        elif not _is_inner(name):
            what = f"{shortened(name)} is no path in this folder"
            found.append((CHECKSUMS, f"{CHECKSUMS} is damaged: {what}"))
        elif text := _damage(folder, name, checksum):
            found.append((name, text))
    return found


def _is_inner(name: str) -> bool:
    parts = PurePosixPath(name).parts
    is_outer = not parts or parts[0] == "/" or ".." in parts
    # What UTF-8 cannot write is no name of a file.
    return not is_outer and not re.search(r"[\\\0\ud800-\udfff]", name)


def _damage(folder: Path, name: str, checksum: str) -> str:
    path = folder.joinpath(*PurePosixPath(name).parts)
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return f"{name} is a link that leads out of the folder: {path.resolve()}"
        if not path.exists():
            return f"{name} is missing"
        if not path.is_file():
            return f"{name} is no file"
        found = _checksum(path)
    # Of links without end, too.
    except (OSError, RuntimeError) as err:
        return f"{name} cannot be read: {err}"
    if found == checksum or (name == "meta.json" and _is_of_package(folder)):
        return ""
    return (
        f"{name} has other bytes than were written. Where it was changed on purpose, such as by "
        f"nlp.to_disk, remove {CHECKSUMS}"
    )


def _is_of_package(folder: Path) -> bool:
    """Whether its meta.json is that of the package around it: building a wheel writes it over."""
    outer = folder.parent / "meta.json"
    if not (folder.parent / "__init__.py").is_file() or not outer.is_file():
        return False
    return outer.read_bytes() == (folder / "meta.json").read_bytes()


def _checksum(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


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
