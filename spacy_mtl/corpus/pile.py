"""A corpus that is held in memory, again and again."""

import random
from typing import List

from spacy.training import Example


class Pile:
    """The examples of a corpus without end, each pass in another order."""

    def __init__(self) -> None:
        #: What the next passes are of.
        self.refill: List[Example] = []
        self._rest: List[Example] = []
        # Numbers of its own: a pass takes none of those that whoever draws again has to keep.
        self._random = random.Random(random.getrandbits(64))

    def __iter__(self) -> "Pile":
        return self

    def __next__(self) -> Example:
        if not self._rest:
            self._rest = list(self.refill)
            self._random.shuffle(self._rest)
        return self._rest.pop()
