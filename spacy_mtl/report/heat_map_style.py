"""The colors and fonts of heat maps, in light and dark mode."""

from dataclasses import dataclass
from typing import List

#: Font sizes, in pixels.
SIZE, TITLE_SIZE, NOTE_SIZE = 13, 16, 12
#: The opacity of the cell with the largest value.
STRONGEST = 0.8


@dataclass(frozen=True)
class Palette:
    """The colors of a drawing. Text is readable on the background and on cells of any opacity.

    background (str): The background.
    text (str): Titles, names and numbers.
    quiet (str): Notes and zeros.
    line (str): The outlines of cells.
    above (str): Cells with values above zero.
    below (str): Cells with values below zero.
    """

    background: str
    text: str
    quiet: str
    line: str
    above: str
    below: str


LIGHT = Palette("#ffffff", "#1f2328", "#59636e", "#d1d9e0", "#4a9be8", "#f08c4a")
DARK = Palette("#0d1117", "#f0f6fc", "#9198a1", "#3d444d", "#1f6feb", "#b3541e")


def style() -> str:
    """RETURNS (str): The rules, for light and dark mode."""
    fonts = "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
    rules = [
        f"text {{ font: {SIZE}px {fonts}; }}",
        f".title {{ font-size: {TITLE_SIZE}px; font-weight: 600; }}",
        f".note {{ font-size: {NOTE_SIZE}px; }}",
        ".row { text-anchor: end; }",
        ".column, .number { text-anchor: middle; }",
        ".line { fill: none; }",
        *_colors(LIGHT),
        # Without variables, which not every program that shows SVG knows.
        "@media (prefers-color-scheme: dark) {",
        *_colors(DARK),
        "}",
    ]
    return "\n" + "\n".join(rules) + "\n"


def _colors(palette: Palette) -> List[str]:
    return [
        f".background {{ fill: {palette.background}; }}",
        f"text {{ fill: {palette.text}; }}",
        f".note, .quiet {{ fill: {palette.quiet}; }}",
        f".line {{ stroke: {palette.line}; }}",
        f".above {{ fill: {palette.above}; }}",
        f".below {{ fill: {palette.below}; }}",
    ]
