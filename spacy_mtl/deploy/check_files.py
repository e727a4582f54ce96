"""Checking all files of a saved pipeline, whatever their purpose."""

import os
import stat
from pathlib import Path
from typing import Iterator, List

import srsly

from ..encoder.saved_settings import CODE
from ..files import CHECKSUMS, damaged_files
from .blocks import blocks_of
from .findings import DAMAGE, DANGER, NOTE, Finding, guarded
from .saved_files import check_size, is_inside, read_file

_CODE_SUFFIXES = {
    *(".py", ".pyc", ".so", ".pyd", ".dll", ".pkl", ".pickle", ".pt", ".pth", ".joblib"),
}


def check_files(folder: Path) -> Iterator[Finding]:
    """Check every file and link.

    folder (Path): The pipeline.
    YIELDS (Finding): The problems.
    """
    closed: List[OSError] = []
    for root, folders, files in os.walk(folder, onerror=closed.append):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = Path(root, name)
            where = path.relative_to(folder).as_posix()
            yield from guarded(where, _check_file(folder, path, where))
    for err in closed:
        yield Finding(DAMAGE, str(err.filename), f"It can't be opened: {err}")


def _check_file(folder: Path, path: Path, where: str) -> Iterator[Finding]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        if not is_inside(path, folder):
            text = f"It is a link out of the pipeline: {os.path.realpath(path)}"
            yield Finding(DANGER, where, text)
        elif not os.path.exists(path):
            yield Finding(DAMAGE, where, f"It is a broken link: {os.readlink(path)}")
    elif stat.S_ISDIR(mode):
        return
    elif not stat.S_ISREG(mode):
        yield Finding(DAMAGE, where, "It is neither a file nor a folder: reading it may never end")
    elif path.suffix in _CODE_SUFFIXES:
        yield Finding(NOTE, where, "Such files can contain code. Saved pipelines don't have any")
    elif path.suffix == ".json":
        yield from _check_json(folder, path, where)


def _check_json(folder: Path, path: Path, where: str) -> Iterator[Finding]:
    data = read_file(folder, path)
    try:
        found = srsly.json_loads(data.decode("utf8"))
    except ValueError:
        # The check of its component reports this if it matters.
        return
    for _, block in blocks_of(found if isinstance(found, (dict, list)) else {}):
        for key in sorted(CODE & block.keys()):
            # In a vocabulary it is the index of a word.
            is_word = isinstance(block[key], int) and not isinstance(block[key], bool)
            if block[key] and not is_word:
                yield Finding(
                    DANGER, where, f"'{key}' is {block[key]!r:.80}: it makes the loader run code"
                )


def check_package(folder: Path) -> Iterator[Finding]:
    """Find modules that a pipeline's package imports.

    folder (Path): The pipeline.
    YIELDS (Finding): The problems.
    """
    init = folder.parent / "__init__.py"
    if not init.is_file():
        return
    code = [line.strip() for line in init.read_text(encoding="utf8", errors="replace").split("\n")]
    imported = [line for line in code if line.startswith("from . import")]
    if imported:
        brought = ", ".join(line.removeprefix("from . import ") for line in imported)
        text = f"The package contains its own code, which runs when it is loaded: {brought}"
        yield Finding(NOTE, str(init), text)


def check_checksums(folder: Path) -> Iterator[Finding]:
    """Compare the files with their saved checksums, if there are any.

    folder (Path): The pipeline.
    YIELDS (Finding): The problems.
    """
    path = folder / CHECKSUMS
    if os.path.lexists(path):
        # Raises if the file can't be read to its end.
        read_file(folder, path)
        # Raises for files that are too large to compute a checksum of.
        for root, _, names in os.walk(folder):
            for name in names:
                check_size(os.lstat(os.path.join(root, name)).st_size)
        for text in damaged_files(folder):
            yield Finding(DAMAGE, CHECKSUMS, text)
