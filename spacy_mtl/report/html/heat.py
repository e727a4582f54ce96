"""Tables whose cells are colored by their values."""

import math
from dataclasses import dataclass
from typing import List, Optional, Sequence

from ...evaluation.confusion import Confusion
from ...types import StructureTable
from ..numbers import alike
from ..structure import check_table


@dataclass(frozen=True)
class HeatCell:
    """A cell.

    text (str): Its text.
    strength (float): How strong its color is, in [0, 1].
    kind (str): Its CSS class: "below" for values below zero, or "".
    """

    text: str
    strength: float
    kind: str = ""


@dataclass(frozen=True)
class HeatRow:
    """A row.

    name (str): Its name.
    cells (List[HeatCell]): Its cells.
    """

    name: str
    cells: List[HeatCell]


@dataclass(frozen=True)
class HeatTable:
    """A table.

    caption (str): What it shows.
    columns (Sequence[str]): The names of the columns.
    rows (List[HeatRow]): The rows.
    """

    caption: str
    columns: Sequence[str]
    rows: List[HeatRow]


def structure_table(table: StructureTable) -> HeatTable:
    """Color what a sharing scheme has learned.

    table (StructureTable): The table.
    RETURNS (HeatTable): Its values; the largest one has the strongest color.
    """
    check_table(table)
    finite = [abs(v) for row in table.values for v in row if math.isfinite(v)]
    largest = max(finite, default=0.0) or 1.0
    rows = [
        HeatRow(name, [_cell(v, text, largest) for v, text in zip(values, texts)])
        for name, values, texts in zip(table.rows, table.values, alike(table.values))
    ]
    return HeatTable(
        f"{table.title}: {table.note}" if table.note else table.title, table.columns, rows
    )


def confusion_table(confusion: Optional[Confusion]) -> Optional[HeatTable]:
    """Color a confusion table.

    confusion (Optional[Confusion]): The table, if there is one.
    RETURNS (Optional[HeatTable]): Its counts, each colored by its share of its row.
    """
    if confusion is None:
        return None
    rows = []
    for name, counts in zip(confusion.rows, confusion.counts):
        cells = [
            HeatCell(f"{n:,}" if n else "", n / sum(counts), "" if name == column else "below")
            for column, n in zip(confusion.columns, counts)
        ]
        rows.append(HeatRow(name, cells))
    caption = "Rows: annotated. Columns: predicted. Colors: shares of the row."
    return HeatTable(caption, confusion.columns, rows)


def _cell(value: float, text: str, largest: float) -> HeatCell:
    strength = abs(value) / largest if math.isfinite(value) else 0.0
    return HeatCell(text, strength, "below" if value < 0 else "")
