"""What a sharing scheme has learned about the tasks, as text and as JSON."""

from dataclasses import asdict
from typing import Any, Dict, List, Sequence

import wasabi

from ..types import StructureTable
from .json_types import to_json_types
from .numbers import alike


def structure_text(tables: Sequence[StructureTable]) -> str:
    """Format tables for a terminal.

    tables (Sequence[StructureTable]): The tables.
    RETURNS (str): The title, the note and the values of each.
    RAISES (ValueError): If the values of a table don't fit its rows and columns.
    """
    return "\n".join(map(_text_of, tables))


def structure_json(tables: Sequence[StructureTable]) -> List[Dict[str, Any]]:
    """Convert tables to JSON types.

    tables (Sequence[StructureTable]): The tables.
    RETURNS (List[Dict[str, Any]]): "title", "rows", "columns", "values" (one list per row, with
        None for what isn't finite) and "note" of each.
    RAISES (ValueError): If the values of a table don't fit its rows and columns.
    """
    for table in tables:
        check_table(table)
    found: List[Dict[str, Any]] = to_json_types([asdict(table) for table in tables])
    return found


def check_table(table: StructureTable) -> None:
    """Check that there is a value for each row and column.

    table (StructureTable): The table.
    RAISES (ValueError): If there isn't.
    """
    expected = [len(table.columns)] * len(table.rows)
    found = [len(values) for values in table.values]
    if found != expected:
        raise ValueError(
            f"The sharing scheme's table '{table.title}' has {len(table.rows)} rows and "
            f"{len(table.columns)} columns, but its rows of values have the lengths {found}. "
            "Fix `structure` of the scheme."
        )


def _text_of(table: StructureTable) -> str:
    check_table(table)
    cells = alike(table.values)
    aligns: Any = ["l", *["r"] * len(table.columns)]
    values = wasabi.table(
        [(name, *row) for name, row in zip(table.rows, cells)],
        header=("", *table.columns),
        divider=True,
        aligns=aligns,
        # Names are shown in full.
        max_col=1000,
    )
    headline = f"{table.title}: {table.note}" if table.note else table.title
    return f"{headline}\n{values}"
