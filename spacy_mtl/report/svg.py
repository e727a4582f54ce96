"""Write SVG elements as text."""

import re
import unicodedata
from html import escape
from typing import Iterable

#: Characters that XML 1.0 doesn't allow, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: The mean width of a character relative to the font size, in usual sans-serif fonts.
_NARROW, _WIDE = 0.58, 1.0


def element(tag: str, content: str = "", **attributes: object) -> str:
    """Write an element.

    tag (str): Its name.
    content (str): What is inside, already escaped.
    attributes (object): Its attributes. A trailing underscore is removed from a name, and others
        become hyphens.
    RETURNS (str): The element.
    """
    pairs = (
        f' {name.rstrip("_").replace("_", "-")}="{escaped(_shown(value))}"'
        for name, value in attributes.items()
    )
    start = f"<{tag}{''.join(pairs)}"
    return f"{start}>{content}</{tag}>" if content else f"{start}/>"


def drawing(title: str, style: str, parts: Iterable[str], width: float, height: float) -> str:
    """Write a file with a background, whose colors may follow the viewer's mode.

    title (str): What it shows, for screen readers.
    style (str): The style sheet. Its class "background" is the background's.
    parts (Iterable[str]): The elements.
    width (float): In pixels.
    height (float): In pixels.
    RETURNS (str): The text of the file.
    """
    content = [
        element("title", escaped(title)),
        element("style", style),
        element("rect", class_="background", width="100%", height="100%"),
        *parts,
    ]
    return element(
        "svg",
        "\n" + "\n".join(content) + "\n",
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=height,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
    )


def escaped(text: str) -> str:
    """RETURNS (str): Any text, for the content of an element or for an attribute."""
    return escape(_FORBIDDEN.sub("\ufffd", text))


def width_of(text: str, size: float) -> float:
    """Estimate the width of a line of text.

    text (str): The text.
    size (float): The font size.
    RETURNS (float): The width, in the same unit.
    """
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return size * (_WIDE * wide + _NARROW * (len(text) - wide))


def _shown(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
