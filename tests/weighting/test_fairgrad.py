"""FairGrad: its equation, and Nash-MTL as a special case."""

import numpy
import pytest
from conflicting_rows import LOSSES, rows_of
from methods import make


@pytest.mark.parametrize("spread", [1.0, 1e2, 1e4, 1e6])
def test_fairgrad_with_alpha_1_is_nash_mtl(spread: float) -> None:
    rows = rows_of(dtype="float64")
    rows[1] /= spread
    expected = make("NashMTL")(LOSSES, rows).gradient
    found = make("FairGrad")(LOSSES, rows).gradient
    assert numpy.linalg.norm(found - expected) < 1e-4 * numpy.linalg.norm(expected)


@pytest.mark.parametrize("alpha", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("spread", [1.0, 1e3])
def test_fairgrad_solves_its_equation(alpha: float, spread: float) -> None:
    rows = rows_of(dtype="float64")
    rows[1] /= spread
    weights = make("FairGrad", alpha=alpha, normalize=False)(LOSSES, rows).weights
    w = numpy.asarray(list(weights.values()))
    assert (w ** (1 / alpha) * (rows @ rows.T @ w)) == pytest.approx(numpy.ones(4), rel=1e-2)
