"""Folders of checkpoints and of killed processes, and damage to them."""

import os
from pathlib import Path
from typing import Any, Callable, Dict, List

from spacy_mtl.files import (
    MARK,
    write_checksums,
)

Change = Callable[[Path], Any]


def files_of(folder: Path) -> List[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


# Damage, as functions of the bytes.
TRUNCATIONS: Dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda data: b"",
    "a byte": lambda data: data[:1],
    "a tenth": lambda data: data[: len(data) // 10],
    "half": lambda data: data[: len(data) // 2],
    "all but a tenth": lambda data: data[: 9 * len(data) // 10],
    "all but a byte": lambda data: data[:-1],
}


def flip(share: float, bit: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        place = min(int(share * len(data)), len(data) - 1)
        return data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]

    return change


def content(text: str) -> Change:
    return lambda folder: (folder / "file").write_text(text)


def of_kill(folder: Path, text: str, is_whole: bool) -> None:
    """Make what a process leaves behind that is killed while writing, or afterwards."""
    folder.mkdir()
    (folder / "file").write_text(text)
    (folder / MARK).touch()
    if is_whole:
        write_checksums(folder)


def old_one(path: Path) -> None:
    path.mkdir()
    (path / "file").write_text("before")
    (path / "stale").write_text("of another pipeline")


def names(path: Path) -> List[str]:
    return sorted(each.name for each in path.parent.iterdir())


def failing(number: int, where: str) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(number, os.strerror(number), where)

    return fail
