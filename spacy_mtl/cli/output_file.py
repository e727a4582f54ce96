"""The file that a command writes its result to."""

from pathlib import Path
from typing import Sequence

from ..atomic_files import write_files
from .errors import CommandError


def check_output_file(path: Path, suffixes: Sequence[str], force: bool) -> None:
    """Reject a path that can't or shouldn't be written, before the long work.

    path (Path): The file.
    suffixes (Sequence[str]): What its name may end in, such as ".html".
    force (bool): Whether an existing file may be replaced.
    RAISES (CommandError): If it ends in something else, is a folder or isn't in one, or exists.
    """
    if path.suffix.lower() not in suffixes:
        raise CommandError(
            f"--output '{path}' does not end in {' or '.join(suffixes)}",
            f"The ending says what to write: name a file such as report{suffixes[-1]}.",
        )
    if path.is_dir():
        raise CommandError(f"--output '{path}' is a folder", "Name a file in it.")
    if not path.parent.is_dir():
        raise CommandError(
            f"There is no folder '{path.parent}' for --output '{path}'",
            "Create it, or name another file.",
        )
    if path.exists() and not force:
        raise CommandError(
            f"The file '{path}' already exists", "Name another, or replace it with --force."
        )


def write_output_file(path: Path, content: str, force: bool) -> None:
    """Write the file.

    path (Path): The file, checked before.
    content (str): Its text.
    force (bool): Whether it may be replaced, if it was written in the meantime.
    RAISES (CommandError): If it may not.
    """
    check_output_file(path, [path.suffix.lower()], force)
    write_files({path: content.encode("utf8")})
