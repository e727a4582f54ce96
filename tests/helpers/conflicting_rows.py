"""Rows of tasks in conflict, and steps with some of the tasks."""

from typing import Any, Dict, Iterator, List, Sequence

import numpy
from thinc.api import fix_random_seed

TASKS = ["a", "b", "c", "d"]
LOSSES = dict(zip(TASKS, (1.0, 0.3, 2.0, 0.7)))


def rows_of(n_tasks: int = 4, dtype: str = "float32", seed: int = 0) -> numpy.ndarray:
    """Rows of which the first conflicts with all others."""
    rows = numpy.random.default_rng(seed).standard_normal((n_tasks, 300))
    rows[1:] -= 0.6 * rows[0]
    cosines = rows @ rows[0]
    assert (cosines[1:] < 0).all()
    return rows.astype(dtype)


def seeded(weighting: Any, losses: Dict[str, float], rows: numpy.ndarray) -> Any:
    """A step with the random numbers of seed 0."""
    fix_random_seed(0)
    return weighting(losses, rows)


def direction(vector: numpy.ndarray) -> numpy.ndarray:
    vector = numpy.asarray(vector, dtype="float64")
    assert numpy.isfinite(vector).all()
    assert numpy.linalg.norm(vector) > 0
    return vector / numpy.linalg.norm(vector)


def some_present(n_steps: int = 6) -> Iterator[List[str]]:
    """A random subset of the tasks at each step, sometimes one task or none."""
    rng = numpy.random.default_rng(1)
    for _ in range(n_steps - 2):
        yield [task for task in TASKS if rng.random() < 0.7]
    yield from (["c"], TASKS)


def run_with_some(
    weighting: Any, scale: float = 1.0, order: Sequence[str] = TASKS, which: str = ""
) -> List[Any]:
    """The results of a weighting in steps with some of the tasks.

    scale: The factor of all gradients, or of the task `which`.
    """
    found = []
    for step, present in enumerate(some_present()):
        tasks = [task for task in order if task in present]
        rows = rows_of(seed=step)[[TASKS.index(task) for task in tasks]]
        factors = [scale if which in (task, "") else 1.0 for task in tasks]
        rows *= numpy.asarray(factors, dtype="float32").reshape((-1, 1))
        losses = {task: LOSSES[task] / (1 + 0.1 * step) for task in tasks}
        found.append(seeded(weighting, losses, rows))
    return found
