"""What a sharing scheme has learned about the tasks, in a form that people can read."""

from dataclasses import dataclass
from typing import List


@dataclass(frozen=True)
class StructureTable:
    """One table of learned structure, such as stitches, gates, relations or a tree.

    title (str): What it shows, such as "relations".
    rows (List[str]): The row names, usually tasks.
    columns (List[str]): The column names, such as tasks, towers or experts.
    values (List[List[float]]): One list per row.
    note (str): One sentence on how to read the values.
    """

    title: str
    rows: List[str]
    columns: List[str]
    values: List[List[float]]
    note: str = ""
