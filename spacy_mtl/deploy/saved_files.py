"""The files of a saved pipeline, read wherever they lead and however large they are."""

import os
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Dict, Optional

import srsly


def is_plain(name: str) -> bool:
    """RETURNS (bool): Whether it names something in a folder, and nothing beside or above it."""
    return (
        name not in ("", ".", "..")
        and "\0" not in name
        and PurePosixPath(name).name == name == PureWindowsPath(name).name
    )


def is_inside(path: Path, folder: Path) -> bool:
    """RETURNS (bool): Whether a path is in a folder, wherever links on its way lead."""
    # Path.resolve raises at links in a loop.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def read_file(folder: Path, path: Path) -> bytes:
    """Read a file of a pipeline. What may not end, or lies elsewhere, is not opened.

    folder (Path): The pipeline.
    path (Path): The file.
    RETURNS (bytes): What is in it.
    RAISES (ValueError): If it is no plain file in the folder, or more than memory takes.
    RAISES (OSError): If it is not there, or may not be read.
    """
    if not is_inside(path, folder):
        raise ValueError("it is a link out of the pipeline, and is not opened")
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        raise ValueError("it is no file")
    check_size(info.st_size)
    return path.read_bytes()


def check_size(n_bytes: int) -> None:
    """Refuse a file that cannot be loaded here: read and decoded, it is there twice.

    n_bytes (int): Its size.
    RAISES (ValueError): If it takes more than half of the memory.
    """
    memory = _memory()
    if memory is not None and n_bytes > memory // 2:
        raise ValueError(
            f"it takes {n_bytes / 2**30:,.0f} GiB, more than half of this machine's memory"
        )


def _memory() -> Optional[int]:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        # Not of Windows.
        return None


def read_json(folder: Path, path: Path) -> Dict[str, Any]:
    """Read a JSON object.

    folder (Path): The pipeline.
    path (Path): The file.
    RETURNS (Dict[str, Any]): The object.
    RAISES (ValueError): If it is none.
    """
    found = srsly.json_loads(read_file(folder, path).decode("utf8"))
    if not isinstance(found, dict):
        raise ValueError(f"it is a {type(found).__name__}, no JSON object")
    return found
