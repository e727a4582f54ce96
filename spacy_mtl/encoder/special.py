"""Special wordpieces: what an encoder wants around a text."""

from dataclasses import dataclass
from typing import List, Optional, Tuple


@dataclass(frozen=True)
class SpecialPieces:
    """What an encoder wants around a text.

    before (List[int]): Special tokens at the beginning.
    after (List[int]): Special tokens at the end.
    padding (int): What fills up a shorter text.
    types (Optional[Tuple[List[int], int, List[int]]]): The segment of each of those before,
        of the text, and of those after, where the encoder asks for segments.
    """

    before: List[int]
    after: List[int]
    padding: int
    types: Optional[Tuple[List[int], int, List[int]]] = None

    def __len__(self) -> int:
        return len(self.before) + len(self.after)
