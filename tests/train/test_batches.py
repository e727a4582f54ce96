"""Batches drawn again with the same random numbers."""

import random
from typing import Any, Iterator, List, Tuple

import numpy
import pytest

from spacy_mtl.train.batches import ReplayableBatches


def make() -> Iterator[Tuple[int, List[Any]]]:
    """Make batches that always use Python's generator, like an augmenter, and sometimes numpy's."""
    for i in range(1000):
        yield 0, [random.random(), numpy.random.rand() if i % 7 == 3 else 0.0]


def use(by_others: str) -> None:
    """Use random numbers like a training step."""
    if by_others in ("numpy", "both"):
        numpy.random.rand(3)
    if by_others == "both":
        random.random()


@pytest.mark.parametrize("by_others", ["none", "numpy", "both"])
@pytest.mark.parametrize("stops", [[40], [0, 3, 4, 25]], ids=str)
def test_drawn_again(by_others: str, stops: List[int]) -> None:
    random.seed(0)
    numpy.random.seed(0)
    whole = ReplayableBatches(make)
    expected, states = [], []
    for _ in range(60):
        states.append((whole.get_state(), random.getstate(), numpy.random.get_state()))
        expected.append(next(whole))
        use(by_others)
    found: List[Any] = []
    for stop, end in zip(stops, [*stops[1:], 60]):
        # In a process with a different random state.
        random.seed(stop + 1)
        numpy.random.seed(stop + 1)
        batches = ReplayableBatches(make)
        state, of_python, of_numpy = states[stop]
        batches.set_state(state)
        random.setstate(of_python)
        numpy.random.set_state(of_numpy)
        found = expected[:stop]
        for i in range(stop, end):
            assert str(batches.get_state()) == str(states[i][0])
            found.append(next(batches))
            use(by_others)
        assert found == expected[:end]


def test_states_that_follow_from_draws_are_not_kept() -> None:
    """With an augmenter in a stream, the state doesn't grow with the steps."""
    batches = ReplayableBatches(make)
    for _ in range(500):
        next(batches)
        use("none")
    # The first draw, and the first that used numpy.
    assert [n for n, _ in batches.get_state()["used"]] == [0, 3]
