"""A corpus in memory, pass after pass."""

from itertools import islice
from typing import Any, List

from spacy_mtl.corpus.pile import Pile


def take(pile: Any, n_examples: int) -> List[Any]:
    return list(islice(pile, n_examples))


def test_each_pass_is_shuffled() -> None:
    pile: Any = Pile()
    pile.refill = list(range(50))
    first, second = take(pile, 50), take(pile, 50)
    assert sorted(first) == sorted(second) == pile.refill
    assert len({tuple(first), tuple(second), tuple(pile.refill)}) == 3


def test_new_list_is_used_from_the_next_pass() -> None:
    pile: Any = Pile()
    pile.refill = [1, 2, 3]
    begun = take(pile, 2)
    pile.refill = [4, 5]
    assert sorted([*begun, *take(pile, 1)]) == [1, 2, 3]
    assert sorted(take(pile, 2)) == [4, 5]
