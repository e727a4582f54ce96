"""DWA: epochs of losses, also with scheduled weights."""

import numpy
import pytest
from conflicting_rows import rows_of
from methods import make
from small_matrix import THREE_ROWS, normalized, weights_of


def test_dwa_by_hand() -> None:
    """Two epochs of two steps: means 4, 1 and 2, 1. Weights exp(1 / 2 / T), exp(1 / T)."""
    weighting = make("DWA", every=2)
    rows = THREE_ROWS[:2]
    for a in (3.0, 5.0, 2.5, 1.5):
        assert weights_of(weighting, {"a": a, "b": 1.0}, rows) == pytest.approx([1, 1])
    expected = normalized(numpy.exp([0.5 / 2, 1 / 2]), 2.0)
    assert weights_of(weighting, {"a": 9.0, "b": 9.0}, rows) == pytest.approx(expected)


def test_dwa_with_a_schedule() -> None:
    """A growing weight is not mistaken for a growing loss."""
    weighting = make("DWA", every=2, weights={"a": (0.1 if i < 4 else 1.0 for i in range(99))})
    losses = {"a": 1.0, "b": 1.0}
    for _ in range(7):
        found = weighting(losses, rows_of(2)).weights
    assert found == pytest.approx({"a": 1.0, "b": 1.0})
