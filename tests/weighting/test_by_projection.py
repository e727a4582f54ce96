"""UPGrad and DualProj hurt no task, except through their regularization."""

from typing import Sequence

import numpy
import pytest
from conflicting_rows import rows_of
from methods import make


@pytest.mark.parametrize("lengths", [(0.1, 0.02, 0.32), (1, 0.05, 0.0014), (1, 0.01, 1)])
@pytest.mark.parametrize("name", ["UPGrad", "DualProj"])
def test_no_task_is_hurt(name: str, lengths: Sequence[float]) -> None:
    """Except through the regularization, which is torchjd's by default."""
    rows = rows_of(3, "float64") * numpy.asarray(lengths).reshape((-1, 1))
    losses = dict(zip("abc", (1.0, 1.0, 1.0)))

    def worst(**settings: float) -> float:
        combined = make(name, **settings)(losses, rows).gradient
        cosines = rows @ combined / numpy.linalg.norm(rows, axis=1) / numpy.linalg.norm(combined)
        return float(cosines.min())

    assert worst(reg_eps=1e-12) > -1e-4
    assert worst() < worst(reg_eps=1e-12)
