"""Special wordpieces: what an encoder wants around a text."""

from dataclasses import dataclass
from typing import List


@dataclass(frozen=True)
class SpecialPieces:
    """What an encoder wants around a text.

    before (List[int]): Special tokens at the beginning.
    after (List[int]): Special tokens at the end.
    padding (int): What fills up a shorter text.
    """

    before: List[int]
    after: List[int]
    padding: int

    def __len__(self) -> int:
        return len(self.before) + len(self.after)
