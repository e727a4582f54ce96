"""The error that all converters raise, and how it shows values."""

from pathlib import Path
from typing import Any, Optional


class ConversionError(ValueError):
    """Input that cannot be converted: the reason, and where it was found.

    reason (str): What was found, what was expected, how to fix it.
    path (Optional[Path]): The file or folder with the problem, if known.
    line (Optional[int]): The line in that file, counted from 1.
    """

    def __init__(
        self, reason: str, path: Optional[Path] = None, line: Optional[int] = None
    ) -> None:
        self.reason = reason
        self.path = path
        self.line = line
        super().__init__(reason, path, line)

    def __str__(self) -> str:
        if self.path is None:
            return self.reason
        place = f"{self.path}, line {self.line}" if self.line is not None else f"{self.path}"
        return f"{place}: {self.reason}"


def show(value: Any, width: int = 60) -> str:
    """Format a value for a message: quoted, and truncated if it is long.

    value (Any): The value.
    width (int): The maximum number of characters.
    RETURNS (str): The text. Invisible characters, like a no-break space, are escaped.
    """
    try:
        text = repr(value)
    except ValueError:
        return "a number of more than 4,300 digits"
    return text if len(text) <= width else f"{text[: width - 3]}..."
