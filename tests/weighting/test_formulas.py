"""Every method that torchjd has, against torchjd."""

from typing import Any, List

import numpy
import pytest
import torch
from methods import BY_LOSSES, SUMS, TORCHJD, make


def steps_of(n_tasks: int, n_steps: int = 5) -> List[Any]:
    """Losses and rows of some steps, with different lengths and some conflicts."""
    rng = numpy.random.default_rng(n_tasks)
    steps = []
    for _ in range(n_steps):
        rows = rng.standard_normal((n_tasks, 40)) * rng.uniform(0.5, 2, (n_tasks, 1))
        rows[1:] -= 0.4 * rows[0]
        steps.append((rng.uniform(0.2, 2.0, n_tasks), rows))
    return steps


def expected_of(name: str, method: Any, optimizer: Any, losses: Any, rows: Any) -> numpy.ndarray:
    """The result of torchjd for a step, with its own state."""
    if name not in BY_LOSSES:
        return method(torch.from_numpy(rows)).numpy()
    values = torch.tensor(losses, requires_grad=True)
    method(values).backward()
    if optimizer is not None:
        optimizer.step()
        optimizer.zero_grad()
    return values.grad.numpy() @ rows


@pytest.mark.parametrize("n_tasks", [2, 3, 8])
@pytest.mark.parametrize("name", TORCHJD)
def test_equals_torchjd(name: str, n_tasks: int) -> None:
    """On the published scale, over five steps. Exceptions: `SUMS`, single tasks, zero rows."""
    settings = {"every": 1} if name == "DWA" else {}
    weighting = make(name, normalize=False, **settings)
    method = TORCHJD[name](n_tasks)
    learns = name in ("Uncertainty", "IMTLL")
    optimizer = torch.optim.Adam(method.parameters(), lr=0.025) if learns else None
    tasks = [f"task{i}" for i in range(n_tasks)]
    for step, (losses, rows) in enumerate(steps_of(n_tasks)):
        torch.manual_seed(step)
        if name == "FAMO" and step:
            method.update(torch.from_numpy(losses))
        expected = expected_of(name, method, optimizer, losses, rows)
        if name == "DWA":
            method.step()
        torch.manual_seed(step)
        found = weighting(dict(zip(tasks, losses.tolist())), rows).gradient
        factor = n_tasks if name in SUMS else 1
        error = numpy.linalg.norm(found - factor * expected) / numpy.linalg.norm(found)
        assert error < (1e-3 if weighting.solvers else 1e-5), step
