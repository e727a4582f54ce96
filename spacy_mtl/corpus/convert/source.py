"""Read an input file as text, and report the line of any problem."""

import stat
from pathlib import Path
from typing import List

from .errors import ConversionError, show

BYTE_ORDER_MARK = "\ufeff"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def is_regular(path: Path) -> bool:
    """Check whether a path is a regular file, or a link to one.

    Reading anything else (a pipe, a device) may block or never end.

    path (Path): The file.
    RETURNS (bool): Also False if nothing is there.
    """
    return path.is_file()


def check_regular(path: Path) -> None:
    """Check that a path can be read as a file.

    path (Path): The path. It may be a link.
    RAISES (ConversionError): If nothing is there, or something other than a file.
    """
    if is_regular(path):
        return
    if not path.exists():
        raise ConversionError("there is no such file", path)
    mode = path.stat().st_mode
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    kind = next((name for is_kind, name in kinds if is_kind(mode)), "a device")
    raise ConversionError(
        f"expected a regular file, found {kind}. Save its content to a file first", path
    )


def read_text(path: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark.

    path (Path): The file.
    RETURNS (str): Its text, with line ends unchanged.
    RAISES (ConversionError): If the file doesn't exist, isn't regular, is empty, or
        isn't UTF-8 text.
    """
    check_regular(path)
    data = path.read_bytes()
    if data.startswith(_UTF_16):
        raise ConversionError("the file is UTF-16, expected UTF-8. Save it as UTF-8", path, 1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        raise ConversionError(
            f"not valid UTF-8 (byte 0x{data[err.start]:02x}). Save the file as UTF-8", path, line
        ) from None
    text = text.removeprefix(BYTE_ORDER_MARK)
    if not text.strip():
        raise ConversionError("the file is empty", path)
    _check_characters(text, path)
    return text


def read_lines(path: Path) -> List[str]:
    """Read the lines of a UTF-8 file.

    Only line feeds end a line, with or without carriage returns before them.
    `str.splitlines` would also split at separators like U+2028, which real text
    contains within lines.

    path (Path): The file.
    RETURNS (List[str]): The lines without line ends. Line 1 has index 0.
    RAISES (ConversionError): See `read_text`; also if there is a carriage return
        within a line.
    """
    lines = [line.rstrip("\r") for line in read_text(path).split("\n")]
    if not lines[-1]:
        lines.pop()
    for n, line in enumerate(lines, 1):
        if "\r" in line:
            raise ConversionError(
                f"a carriage return within the line: {show(line)}. Save the file with line feeds "
                "as line ends",
                path,
                n,
            )
    return lines


def _check_characters(text: str, path: Path) -> None:
    at = text.find("\0")
    if at >= 0:
        reason = "a NUL character. Is it a binary file, or UTF-16? Expected text. Save it as UTF-8"
        raise ConversionError(reason, path, text.count("\n", 0, at) + 1)
    at = text.find("\n" + BYTE_ORDER_MARK)
    if at >= 0:
        raise ConversionError(
            "a byte order mark (U+FEFF) within the file, as if two files were concatenated. "
            "Remove it",
            path,
            text.count("\n", 0, at) + 2,
        )
