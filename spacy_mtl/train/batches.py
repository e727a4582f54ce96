"""Replay the batches of a training.

Batches come from nested generators in other code, whose position can't be saved. But drawn
again from the same random state, they are the same. So the random state is kept before each
draw that uses it, unless it follows from earlier draws (as with an augmenter, which uses random
numbers for each text).
"""

from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ..chance import get_data_chance, is_same_chance, set_data_chance

Batches = Iterator[Tuple[int, List[Any]]]


class ReplayableBatches:
    """Batches with their epoch, as expected by spaCy's training loop.

    make (Callable[[], Iterator]): Creates the batches from the beginning.
    """

    def __init__(self, make: Callable[[], Batches]) -> None:
        self._make = make
        self._batches = make()
        self._n_drawn = 0
        #: The random states to set before a draw, by its index.
        self._used: List[Tuple[int, Dict[str, Any]]] = []
        #: The random states after the last draws that used them.
        self._left: Dict[str, Any] = {}
        #: A batch that was drawn but not returned yet.
        self._next: Optional[Tuple[int, List[Any]]] = None

    def peek(self) -> None:
        """Draw the next batch ahead for the next step. Call `get_state` before this.

        RAISES (StopIteration): If there are no more batches.
        """
        if self._next is None:
            self._next = self._draw()

    @property
    def next_batch(self) -> List[Any]:
        """RETURNS (List[Any]): The batch that `peek` has drawn; empty without."""
        return [] if self._next is None else list(self._next[1])

    def __iter__(self) -> Batches:
        return self

    def __next__(self) -> Tuple[int, List[Any]]:
        found, self._next = self._next, None
        return self._draw() if found is None else found

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): All that is needed to return to the same position."""
        return {"n_drawn": self._n_drawn, "used": [list(each) for each in self._used]}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Draw up to the position of a state. The random state isn't restored afterwards.

        state (Dict[str, Any]): The state.
        """
        self._used = [(n, chance) for n, chance in state["used"]]
        chances = dict(self._used)
        self._batches, self._n_drawn, self._next = self._make(), 0, None
        while self._n_drawn < state["n_drawn"]:
            if self._n_drawn in chances:
                set_data_chance(chances[self._n_drawn])
            next(self._batches)
            self._n_drawn += 1
        left = get_data_chance()
        self._left = {name: left[name] for chance in chances.values() for name in chance}

    def _draw(self) -> Tuple[int, List[Any]]:
        before = get_data_chance()
        found = next(self._batches)
        after = get_data_chance()
        used = [name for name in before if not is_same_chance(before[name], after[name])]
        others_used = {
            name: before[name]
            for name in used
            if name not in self._left or not is_same_chance(self._left[name], before[name])
        }
        if others_used:
            self._used.append((self._n_drawn, others_used))
        self._left.update({name: after[name] for name in used})
        self._n_drawn += 1
        return found
