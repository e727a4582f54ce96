"""Repeat a corpus that is held in memory."""

import random
from typing import List

from spacy.training import Example


class Pile:
    """An endless iterator over the examples of a corpus, reshuffled on each pass."""

    def __init__(self) -> None:
        #: The examples of the next passes.
        self.refill: List[Example] = []
        self._rest: List[Example] = []
        # A separate generator, so that passes don't change the numbers a replay depends on.
        self._random = random.Random(random.getrandbits(64))

    def __iter__(self) -> "Pile":
        return self

    def __next__(self) -> Example:
        if not self._rest:
            self._rest = list(self.refill)
            self._random.shuffle(self._rest)
        return self._rest.pop()
