"""Record how a reader interpreted a file."""

from dataclasses import dataclass, field
from typing import List, Optional


@dataclass
class Taken:
    """How a reader interpreted a file, and why.

    header (Optional[int]): The line of the row that names the columns.
    notes (List[str]): Notes for the user: which columns are texts, words, ...
    """

    header: Optional[int] = None
    notes: List[str] = field(default_factory=list)

    def add(self, what: str, where: str, why: str = "") -> None:
        """Add a note.

        what (str): What was found, like "labels".
        where (str): Where it is, like "column 1".
        why (str): The reason for this interpretation.
        """
        self.notes.append(f"{what}: {where}" + (f" ({why})" if why else ""))
