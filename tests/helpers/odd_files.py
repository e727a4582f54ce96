"""Unusual files and folders: pipes, sockets, links; and the contents of folders."""

import os
import socket
from pathlib import Path
from typing import Any, Callable, Dict


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    # Names of sockets must be short.
    here = os.getcwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(path.name)
    os.chdir(here)


def link(to: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(to)


def hard_link(to: str) -> Callable[[Path], None]:
    return lambda path: os.link(path.parent / to, path)


def folder_link(to: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(to, target_is_directory=True)


def make_folder(path: Path) -> None:
    path.mkdir()


def fill(folder: Path, files: Dict[str, Any]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def contents(folder: Path) -> Dict[str, Any]:
    return {
        str(path): os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


def as_folder(name: str) -> Callable[[Path], None]:
    """Replace a file by a folder."""

    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return change
