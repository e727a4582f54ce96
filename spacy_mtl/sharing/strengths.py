"""The strengths of auxiliary losses, from a config."""

from typing import Any

from ..registry import block_of
from ..scheduled import Number, read_number


def read_strength(name: str, entry: Any, title: str) -> Number:
    """Read the setting of a strength.

    name (str): The name of the setting.
    entry (Union[float, Iterable[float]]): A number >= 0, or a schedule of such numbers.
    title (str): The registered name of the scheme, for messages.
    RETURNS (Number): The strength.
    RAISES (ValueError): If it is neither.
    """
    return read_number(entry, f"'{name}' of {title}", f"Fix it in {block_of(title)}.")
