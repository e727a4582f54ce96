"""Read an input file as text, with the line of whatever is wrong with it."""

from pathlib import Path
from typing import List

from .errors import ConversionError


def read_text(path: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark.

    path (Path): The file.
    RETURNS (str): Its text, line ends as they are.
    RAISES (ConversionError): If there is no such file, it is empty, or it is not UTF-8.
    """
    if not path.is_file():
        raise ConversionError("there is no such file", path)
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        raise ConversionError(
            f"not valid UTF-8 (byte 0x{data[err.start]:02x}). Save the file as UTF-8", path, line
        ) from None
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ConversionError("the file is empty", path)
    return text


def read_lines(path: Path) -> List[str]:
    """Read the lines of a UTF-8 file.

    Only line feeds end a line. `str.splitlines` would also cut at separators
    like U+2028, which real text contains within a line.

    path (Path): The file.
    RETURNS (List[str]): The lines without their ends. Line 1 has index 0.
    RAISES (ConversionError): See `read_text`.
    """
    lines = [line.removesuffix("\r") for line in read_text(path).split("\n")]
    if not lines[-1]:
        lines.pop()
    return lines
