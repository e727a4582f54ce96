"""Whether a folder's files are still those that were written: a list of their checksums in it."""

import hashlib
import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import List, Tuple

from .hints import shortened

#: In a folder, a JSON object: by the path of each other file in it, its SHA-256 in hex digits.
CHECKSUMS = "checksums.json"
#: In a folder that is being written or replaced: what has it is no one else's. Whoever writes
#: there holds a lock on it, which goes with the process, however it ends.
MARK = ".spacy_mtl"


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
