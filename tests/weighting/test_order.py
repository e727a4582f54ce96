"""The order of the tasks in the pipeline does not matter."""

import pytest
from conflicting_rows import LOSSES, TASKS, rows_of, run_with_some
from methods import NAMES, RANDOM, make

#: Frank-Wolfe and least squares stop when they are close enough.
ROUGH = {"MGDA": 1e-2, "FairGrad": 1e-3, "CAGrad": 1e-3}


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(RANDOM)))
def test_order_with_some_of_the_tasks(name: str) -> None:
    expected = run_with_some(make(name))
    for step, combined in enumerate(run_with_some(make(name), order="dbac")):
        tolerance = ROUGH.get(name, 1e-5)
        assert combined.weights == pytest.approx(expected[step].weights, rel=tolerance), step


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(RANDOM)))
def test_order_of_tasks(name: str) -> None:
    """Permuting the tasks permutes the weights, over several steps. (Not for methods that draw
    the order or the weights: PCGrad, GradVac, RLW. GradDrop draws by value and is symmetric.)"""
    one, other = make(name), make(name)
    for step in range(3):
        rows = rows_of(seed=step)
        found = one(LOSSES, rows).weights
        permutation = [2, 0, 3, 1]
        losses = {TASKS[i]: LOSSES[TASKS[i]] for i in permutation}
        permuted = other(losses, rows[permutation]).weights
        tolerance = ROUGH.get(name, 1e-5)
        assert permuted == pytest.approx({task: found[task] for task in losses}, rel=tolerance)
