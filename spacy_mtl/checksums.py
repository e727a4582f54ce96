"""Detect damaged files in a folder by the checksums stored in it."""

import hashlib
import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import List, Tuple

from .hints import shortened

#: A JSON object in the folder that maps the path of each other file to its SHA-256 in hex digits.
CHECKSUMS = "checksums.json"
#: Marks a folder that is being written or replaced as ours. The writing process holds a lock on
#: it, which is released when the process ends, however it ends.
MARK = ".spacy_mtl"


def write_checksums(folder: Path) -> None:
    """Write the checksums of all files in a folder into it.

    folder (Path): The folder.
    """
    found = {
        path.relative_to(folder).as_posix(): _checksum(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in (folder / CHECKSUMS, folder / MARK)
    }
    (folder / CHECKSUMS).write_text(json.dumps(found, indent=1), encoding="utf8")


def fingerprint(folder: Path) -> str:
    """Identify a folder by the names and contents of its files, wherever it is.

    folder (Path): The folder.
    RETURNS (str): A SHA-256 in hex digits.
    """
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in (folder / CHECKSUMS, folder / MARK):
            name = path.relative_to(folder).as_posix()
            found.update(f"{name}\0{_checksum(path)}\0".encode("utf8", "surrogateescape"))
    return found.hexdigest()


def damaged_files(folder: Path) -> List[str]:
    """Compare a folder with its checksums.

    Files added later, such as a package's README.md, don't count as damage.

    folder (Path): The folder.
    RETURNS (List[str]): One message per damaged file; empty if the folder has no checksums.
    """
    return [text for _, text in damage_by_file(folder)]


def damage_by_file(folder: Path) -> List[Tuple[str, str]]:
    """Compare a folder with its checksums, file by file.

    folder (Path): The folder.
    RETURNS (List[Tuple[str, str]]): The path of each damaged file, as the checksums list it (or
        of the checksum file itself), and a message that includes it.
    """
    path = folder / CHECKSUMS
    if not os.path.lexists(path):
        return []
    try:
        known = json.loads(path.read_text(encoding="utf8"))
    # RecursionError: deeply nested brackets.
    except (OSError, ValueError, RecursionError) as err:
        return [(CHECKSUMS, f"{CHECKSUMS} cannot be read: {err}")]
    if not isinstance(known, dict) or not known:
        text = f"{CHECKSUMS} is damaged: it is not a JSON object of paths and checksums"
        return [(CHECKSUMS, text)]
    found = []
    for name, checksum in known.items():
        if not isinstance(checksum, str) or not re.fullmatch("[0-9a-f]{64}", checksum):
            what = f"the entry of {shortened(name)} is {shortened(checksum)}, not a SHA-256"
            found.append((CHECKSUMS, f"{CHECKSUMS} is damaged: {what}"))
        elif not _is_inner(name):
            what = f"{shortened(name)} is not a path in this folder"
            found.append((CHECKSUMS, f"{CHECKSUMS} is damaged: {what}"))
        elif text := _damage(folder, name, checksum):
            found.append((name, text))
    return found


def _is_inner(name: str) -> bool:
    parts = PurePosixPath(name).parts
    is_outer = not parts or parts[0] == "/" or ".." in parts
    # A name that UTF-8 cannot encode cannot be a file name.
    return not is_outer and not re.search(r"[\\\0\ud800-\udfff]", name)


def _damage(folder: Path, name: str, checksum: str) -> str:
    path = folder.joinpath(*PurePosixPath(name).parts)
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return f"{name} is a link that points outside the folder: {path.resolve()}"
        if not path.exists():
            return f"{name} is missing"
        if not path.is_file():
            return f"{name} is not a regular file"
        found = _checksum(path)
    # RuntimeError: circular links.
    except (OSError, RuntimeError) as err:
        return f"{name} cannot be read: {err}"
    if found == checksum or (name == "meta.json" and _is_of_package(folder)):
        return ""
    return (
        f"{name} has changed since it was written. If that was on purpose, such as by "
        f"nlp.to_disk, remove {CHECKSUMS}"
    )


def _is_of_package(folder: Path) -> bool:
    """Whether meta.json is the surrounding package's: building a wheel overwrites it."""
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
