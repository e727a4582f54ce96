"""Read numbers made of plain digits, however long."""

import sys
from typing import Optional

# Python refuses to parse more than 4,300 digits. This is already beyond any index.
_MOST_DIGITS = 18


def whole_number(text: str) -> Optional[int]:
    """Read a whole number.

    text (str): The text.
    RETURNS (Optional[int]): The number; `sys.maxsize` if it is too long to be an
        index; None if there is anything but the digits 0 to 9.
    """
    if not (text.isascii() and text.isdecimal()):
        return None
    digits = text.lstrip("0")
    return int(digits or "0") if len(digits) <= _MOST_DIGITS else sys.maxsize


def index_number(text: str) -> Optional[int]:
    """Read the index of a column, from 0, or from -1 at the end.

    text (str): The text.
    RETURNS (Optional[int]): The index, None if it isn't a number.
    """
    number = whole_number(text.removeprefix("-"))
    return -number if number is not None and text.startswith("-") else number
