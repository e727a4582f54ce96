"""The file that a command draws to."""

from pathlib import Path

from .errors import CommandError

_SUFFIX = ".svg"


def check_drawing(path: Path, option: str, example: str) -> None:
    """Reject a path that a drawing can't be written to, before the long work.

    path (Path): The file.
    option (str): The option that names it.
    example (str): A good name.
    RAISES (CommandError): If it doesn't end in .svg, is a folder, or isn't in one.
    """
    if path.suffix.lower() != _SUFFIX:
        raise CommandError(
            f"{option} '{path}' does not end in {_SUFFIX}",
            f"The drawing is in SVG: name a file such as {example}.",
        )
    if path.is_dir():
        raise CommandError(f"{option} '{path}' is a folder", "Name a file in it.")
    if not path.parent.is_dir():
        raise CommandError(
            f"There is no folder '{path.parent}' for {option} '{path}'",
            "Create it, or name another file.",
        )
