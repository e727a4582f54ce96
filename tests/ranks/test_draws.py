"""What ranks draw alike, and what apart."""

from typing import List

import pytest
import torch

from spacy_mtl.ranks.draws import Draws


def numbers(draws: Draws) -> List[float]:
    """What `same` draws, inside of the rank's own draws, as a training step does."""
    with draws.own():
        torch.rand(3)
        with draws.same():
            return torch.rand(4).tolist()


def test_the_same_on_all_ranks_but_not_with_another_seed() -> None:
    found = {}
    for seed in (0, 7):
        for rank in (0, 1):
            torch.manual_seed(seed)
            draws = Draws(rank)
            found[seed, rank] = numbers(draws)
            assert numbers(draws) != found[seed, rank]
    assert found[0, 0] == found[0, 1]
    assert found[7, 0] == found[7, 1]
    assert found[0, 0] != found[7, 0]


@pytest.mark.parametrize("rank", [0, 1])
def test_restored(rank: int) -> None:
    torch.manual_seed(3)
    draws = Draws(rank)
    numbers(draws)
    state = draws.get_state()
    expected = numbers(draws)
    # The process that resumes has drawn something else.
    torch.manual_seed(11)
    other = Draws(rank)
    other.set_state(state)
    assert numbers(other) == expected


def test_states_without_a_seed() -> None:
    """Of older checkpoints: ranks still draw the same."""
    found = []
    for rank in (0, 1):
        torch.manual_seed(3)
        draws = Draws(rank)
        numbers(draws)
        state = draws.get_state()
        del state["seed"]
        other = Draws(rank)
        other.set_state(state)
        found.append(numbers(other))
    assert found[0] == found[1]


def test_no_generator_is_moved() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2).tolist()
    torch.manual_seed(5)
    with Draws(1).same():
        torch.rand(9)
    assert torch.rand(2).tolist() == expected
