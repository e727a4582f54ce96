"""Two ranks learn the same as one that is given the texts of both."""

from typing import Any, Dict, List

import numpy
import pytest
from ranked_cases import CASES, CASES_OF_CLASSES
from ranked_steps import run_on_ranks

#: Attention is the same with any: its gradient is rounding noise, which Adam amplifies.
KEY_BIAS = "key.bias"
Found = List[Dict[str, Any]]


@pytest.fixture(scope="module")
def found(encoder_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """All cases, on two ranks: they are started once."""
    return run_on_ranks(tmp_path_factory.mktemp("ranks"), encoder_dir)


@pytest.mark.parametrize("name", CASES)
def test_ranks_are_as_one(name: str, found: Found, encoder_dir: str) -> None:
    tolerance = CASES[name].tolerance
    one = CASES[name].run(encoder_dir)
    first, second = (each[name] for each in found)
    moved = 0.0
    for address, expected in one["values"].items():
        assert numpy.array_equal(first["values"][address], second["values"][address]), address
        if CASES[name].adam and address.endswith(KEY_BIAS):
            continue
        assert numpy.abs(first["values"][address] - expected).max(initial=0.0) < tolerance, address
        before = one["before"][address]
        if before.shape == expected.shape:
            moved = max(moved, numpy.abs(expected - before).max(initial=0.0))
    assert moved > 1e-2
    assert first["labels"] == second["labels"] == one["labels"]
    for each in (first, second):
        assert each["losses"] == pytest.approx(one["losses"], rel=100 * tolerance)


def test_an_adversary_numbers_what_all_ranks_meet(found: Found, encoder_dir: str) -> None:
    name = "SharedPrivate with its adversary"
    one = CASES_OF_CLASSES[name].run(encoder_dir)
    assert set(one["classes"]["corpora"]) == {"odd", "even"}
    assert len(one["classes"]["task_sets"]) > 2
    for each in found:
        assert each[name]["classes"] == one["classes"]
    first, second = (each[name]["values"] for each in found)
    for address, value in first.items():
        assert numpy.array_equal(value, second[address]), address
