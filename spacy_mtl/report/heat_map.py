"""Draw what a sharing scheme has learned as heat maps, in SVG."""

import math
import textwrap
from typing import Any, Dict, List, Sequence, Tuple

from ..types import StructureTable
from .heat_map_style import NOTE_SIZE, SIZE, STRONGEST, TITLE_SIZE, style
from .numbers import alike
from .structure import check_table
from .svg import drawing, element, escaped, width_of

_MARGIN, _GAP, _CELL_HEIGHT, _MIN_CELL, _PAD = 16.0, 32.0, 32.0, 56.0, 8.0
#: Longer names are cut, and shown in full when pointed at.
_MAX_NAME = 24
_MIN_WIDTH = 420.0


def draw_tables(tables: Sequence[StructureTable], title: str) -> str:
    """Draw tables as heat maps, one below the other. The colors follow the viewer's mode.

    tables (Sequence[StructureTable]): The tables.
    title (str): What they are of, for screen readers.
    RETURNS (str): The text of an SVG file.
    RAISES (ValueError): If the values of a table don't fit its rows and columns.
    """
    maps = [_HeatMap(table) for table in tables]
    width = max([_MIN_WIDTH, *(each.width for each in maps)])
    parts, y = [], _MARGIN
    for each in maps:
        drawn, height = each.draw(width)
        parts.append(element("g", drawn, transform=f"translate({_MARGIN:g} {y:g})"))
        y += height + _GAP
    width, height = width + 2 * _MARGIN, y - _GAP + _MARGIN
    return drawing(title, style(), parts, width, height)


class _HeatMap:
    def __init__(self, table: StructureTable) -> None:
        check_table(table)
        self._table = table
        self._cells = alike(table.values)
        finite = [abs(v) for row in table.values for v in row if math.isfinite(v)]
        self._largest = max(finite, default=0.0) or 1.0
        names = [width_of(_cut(name), SIZE) for name in table.rows]
        self._left = max(names, default=0.0) + _PAD
        inside = [*map(_cut, table.columns), *(text for row in self._cells for text in row)]
        widths = [width_of(text, SIZE) + 2 * _PAD for text in inside]
        self._cell = max([_MIN_CELL, *widths])
        self.width = max(
            self._left + self._cell * len(table.columns), width_of(table.title, TITLE_SIZE)
        )

    def draw(self, width: float) -> Tuple[str, float]:
        """RETURNS (Tuple[str, float]): The elements, and their height."""
        y = float(TITLE_SIZE)
        parts = [_text(self._table.title, 0.0, y, "title")]
        for line in textwrap.wrap(self._table.note, int(width / width_of("x", NOTE_SIZE))):
            y += NOTE_SIZE + 6
            parts.append(_text(line, 0.0, y, "note"))
        y += SIZE + 14
        for j, name in enumerate(self._table.columns):
            parts.append(_text(name, self._left + (j + 0.5) * self._cell, y, "column"))
        y += 8
        for i, name in enumerate(self._table.rows):
            middle = y + _CELL_HEIGHT / 2 + SIZE * 0.36
            parts.append(_text(name, self._left - _PAD, middle, "row"))
            for j, text in enumerate(self._cells[i]):
                x = self._left + j * self._cell
                parts += self._draw_cell(self._table.values[i][j], text, x, y, middle)
            y += _CELL_HEIGHT
        return "\n".join(parts), y

    def _draw_cell(self, value: float, text: str, x: float, y: float, middle: float) -> List[str]:
        opacity = STRONGEST * abs(value) / self._largest if math.isfinite(value) else 0.0
        sides: Dict[str, Any] = {"x": x, "y": y, "width": self._cell, "height": _CELL_HEIGHT}
        kind = "below" if value < 0 else "above"
        number = "number quiet" if value == 0 else "number"
        return [
            element("rect", class_=kind, fill_opacity=opacity, **sides),
            element("rect", class_="line", **sides),
            _text(text, x + self._cell / 2, middle, number),
        ]


def _text(text: str, x: float, y: float, kind: str) -> str:
    is_name = kind in ("row", "column")
    shown = _cut(text) if is_name else text
    full = element("title", escaped(text)) if shown != text else ""
    return element("text", full + escaped(shown), x=x, y=y, class_=kind)


def _cut(name: str) -> str:
    return name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 1] + "\u2026"
