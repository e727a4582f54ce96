"""Safely reading the files of a saved pipeline: no links out of it, no oversized files."""

import os
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Dict, Optional

import srsly


def is_plain(name: str) -> bool:
    """RETURNS (bool): Whether a name is a plain file name, without a path."""
    return (
        name not in ("", ".", "..")
        and "\0" not in name
        and PurePosixPath(name).name == name == PureWindowsPath(name).name
    )


def is_inside(path: Path, folder: Path) -> bool:
    """RETURNS (bool): Whether a path is in a folder, after following links."""
    # Path.resolve raises for link loops.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def read_file(folder: Path, path: Path) -> bytes:
    """Read a file of a pipeline, unless it is outside of it or may never end.

    folder (Path): The pipeline.
    path (Path): The file.
    RETURNS (bytes): Its content.
    RAISES (ValueError): If it isn't a regular file in the folder, or doesn't fit into memory.
    RAISES (OSError): If it is missing or can't be read.
    """
    if not is_inside(path, folder):
        raise ValueError("it is a link out of the pipeline and is not opened")
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        raise ValueError("it is not a file")
    check_size(info.st_size)
    return path.read_bytes()


def check_size(n_bytes: int) -> None:
    """Reject a file that is too large to load: it is in memory twice, read and decoded.

    n_bytes (int): Its size.
    RAISES (ValueError): If it needs more than half of the memory.
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
        # Not available on Windows.
        return None


def read_json(folder: Path, path: Path) -> Dict[str, Any]:
    """Read a JSON object.

    folder (Path): The pipeline.
    path (Path): The file.
    RETURNS (Dict[str, Any]): The object.
    RAISES (ValueError): If it isn't an object.
    """
    found = srsly.json_loads(read_file(folder, path).decode("utf8"))
    if not isinstance(found, dict):
        raise ValueError(f"it is a {type(found).__name__}, not a JSON object")
    return found
