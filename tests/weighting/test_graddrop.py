"""GradDrop: which signs are drawn, for any order of the tasks."""

import numpy
import pytest
import torch
from conflicting_rows import LOSSES, TASKS, rows_of, seeded
from methods import make
from small_matrix import THREE_LOSSES, THREE_ROWS


def test_graddrop_by_hand() -> None:
    """The first value is drawn from a (1) and b (-1.2); the others have only one sign."""
    for seed in range(8):
        torch.manual_seed(seed)
        combined = make("GradDrop", normalize=False)(THREE_LOSSES, THREE_ROWS)
        torch.manual_seed(seed)
        takes_a = float(torch.rand(3, dtype=torch.float64)[0]) < 0.5 * (1 - 0.2 / 2.2)
        assert combined.gradient == pytest.approx([1.0 if takes_a else -1.2, 1.6, 0.5])
        shares = [float(takes_a), (1.44 * (not takes_a) + 2.56) / 4, 1.0]
        assert list(combined.weights.values()) == pytest.approx(shares)


def test_order_of_tasks_in_graddrop() -> None:
    rows = rows_of()
    permutation = [2, 0, 3, 1]
    losses = {TASKS[i]: LOSSES[TASKS[i]] for i in permutation}
    found = seeded(make("GradDrop"), LOSSES, rows)
    permuted = seeded(make("GradDrop"), losses, rows[permutation])
    assert numpy.allclose(found.gradient, permuted.gradient, atol=1e-5)
