"""The file that a command writes its result to."""

from pathlib import Path
from typing import Sequence

from ..atomic_files import write_files
from .errors import CommandError


def check_output_file(
    path: Path,
    suffixes: Sequence[str],
    force: bool,
    option: str = "--output",
    example: str = "report",
) -> None:
    """Reject a path that can't or shouldn't be written, before the long work.

    path (Path): The file.
    suffixes (Sequence[str]): What its name may end in, such as ".html".
    force (bool): Whether an existing file may be replaced.
    option (str): The option that names it.
    example (str): A good name, without the ending.
    RAISES (CommandError): If it ends in something else, is a folder or isn't in one, or exists.
    """
    if path.suffix.lower() not in suffixes:
        raise CommandError(
            f"{option} '{path}' does not end in {' or '.join(suffixes)}",
            f"The ending says what to write: name a file such as {example}{suffixes[-1]}.",
        )
    if path.is_dir():
        raise CommandError(f"{option} '{path}' is a folder", "Name a file in it.")
    if not path.parent.is_dir():
        raise CommandError(
            f"There is no folder '{path.parent}' for {option} '{path}'",
            "Create it, or name another file.",
        )
    if path.exists() and not force:
        raise CommandError(
            f"{option} '{path}' already exists", "Name another file, or replace it with --force."
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
