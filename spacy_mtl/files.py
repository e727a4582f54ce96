"""Folders that are there in full or not at all, and whether they still are what was written."""

import errno
import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Callable, List

#: In a folder, a JSON object: by the path of each other file in it, its SHA-256 in hex digits.
CHECKSUMS = "checksums.json"
NEW, OLD = ".new", ".old"
#: In a folder that is being written or replaced: what has it is no one else's.
_MARK = ".spacy_mtl"


class WriteError(ValueError):
    """A folder that cannot be written."""


def write_in_place(write: Callable[[Path], Any], path: Path) -> None:
    """Write a folder under another name, and give it its own once it is whole.

    It gets checksums of its files, but where `write` has written such, as a copy does. Of a
    link, the folder that it leads to is replaced.

    write (Callable[[Path], Any]): Writes to the folder that it is given, which is there.
    path (Path): The folder. What was there goes, once this is whole.
    RAISES (WriteError): If the disk is full, or refuses otherwise. What was there still is.
    """
    target = path.resolve()
    try:
        if not target.name or (target.exists() and not target.is_dir()):
            what = "it is a file" if target.name else "it is where all folders are"
            raise OSError(errno.ENOTDIR, what, str(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        put_back(target)
        new = _free(target, NEW)
        try:
            new.mkdir()
            (new / _MARK).touch()
            write(new)
            if not (new / CHECKSUMS).exists():
                write_checksums(new)
            _sync(new)
            _swap(new, target)
            (target / _MARK).unlink(missing_ok=True)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    except OSError as err:
        raise WriteError(
            f"{path} cannot be written: {err}. What was there before is as it was."
        ) from err


def put_back(path: Path) -> bool:
    """Give a folder its name again, of which a kill came just between two renames.

    path (Path): The folder, which may be there.
    RETURNS (bool): Whether it was not, and is.
    """
    if os.path.lexists(path):
        return False
    # The one before is moved away only when the new one is whole.
    for left in (path.with_name(path.name + end) for end in (NEW, OLD)):
        if (left / _MARK).exists() and (left / CHECKSUMS).exists() and not damaged_files(left):
            left.rename(path)
            (path / _MARK).unlink()
            return True
    return False


def remove(path: Path) -> None:
    """Remove a folder. It loses its name first: what is half removed is none.

    path (Path): The folder.
    """
    old = _free(path, OLD)
    path.rename(old)
    shutil.rmtree(old)


def write_checksums(folder: Path) -> None:
    """Write the checksums of all files of a folder into it.

    folder (Path): The folder.
    """
    found = {
        path.relative_to(folder).as_posix(): _checksum(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in (folder / CHECKSUMS, folder / _MARK)
    }
    (folder / CHECKSUMS).write_text(json.dumps(found, indent=1), encoding="utf8")


def damaged_files(folder: Path) -> List[str]:
    """Compare a folder with its checksums.

    Files that came later, such as the README.md of a package, are no damage.

    folder (Path): The folder.
    RETURNS (List[str]): What is wrong with which file; nothing where there are no checksums.
    """
    path = folder / CHECKSUMS
    if not os.path.lexists(path):
        return []
    try:
        known = json.loads(path.read_text(encoding="utf8"))
    # Of brackets without end, too.
    except (OSError, ValueError, RecursionError) as err:
        return [f"{CHECKSUMS} cannot be read: {err}"]
    if not isinstance(known, dict) or not known:
        return [f"{CHECKSUMS} is damaged: it is no JSON object of paths and their checksums"]
    found = (_damage(folder, name, checksum) for name, checksum in known.items())
    return [text for text in found if text]


def _damage(folder: Path, name: str, checksum: Any) -> str:
    if not isinstance(checksum, str) or not re.fullmatch("[0-9a-f]{64}", checksum):
        return f"{CHECKSUMS} is damaged: that of {name!r} is {checksum!r:.80}, no SHA-256"
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts or "\\" in name or "\0" in name:
        return f"{CHECKSUMS} is damaged: {name!r} is no path in this folder"
    path = folder.joinpath(*parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        return f"{name} is a link that leads out of the folder: {path.resolve()}"
    if not path.exists():
        return f"{name} is missing"
    if not path.is_file():
        return f"{name} is no file"
    try:
        found = _checksum(path)
    except OSError as err:
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
    while os.path.lexists(free) and not _is_left(free):
        n += 1
        free = path.with_name(f"{path.name}{end}{n}")
    shutil.rmtree(free, ignore_errors=True)
    return free


def _is_left(folder: Path) -> bool:
    """Whether it is of a process that was killed."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return (folder / _MARK).exists() or not any(folder.iterdir())


def _swap(new: Path, path: Path) -> None:
    if not path.exists():
        new.rename(path)
        _sync_folder(path.parent)
        return
    old = _free(path, OLD)
    with suppress(OSError):
        (path / _MARK).touch()
    try:
        path.rename(old)
        new.rename(path)
    except BaseException:
        if not path.exists():
            old.rename(path)
        (path / _MARK).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


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
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
