"""DB-MTL: its moving average, settings and warning."""

from typing import Any, Callable

import numpy
import pytest
from methods import block, make
from small_matrix import TWO_LOSSES, TWO_ROWS


def test_dbmtl_by_hand() -> None:
    """Moving averages of g / loss, scaled to the same length."""
    weighting = make("DBMTL", "parameters", beta=0.5, decay=1.0)
    losses = {"a": 2.0, "b": 1.0}
    first = numpy.asarray([[2.0, 0], [0, 3.0]])
    second = numpy.asarray([[0, 2.0], [0, 3.0]])
    # Step 1: beta 0.5 of zeros: [0.5, 0] and [0, 1.5].
    combined = weighting(losses, first)
    # Step 2: beta 0.25: a = 0.75 * [0, 1] + 0.25 * [0.5, 0]; b = 0.75 * [0, 3] + 0.25 * [0, 1.5].
    combined = weighting(losses, second)
    a = numpy.asarray([0.125, 0.75])
    b = numpy.asarray([0, 2.625])
    expected = a / numpy.linalg.norm(a) + b / numpy.linalg.norm(b)
    direction = combined.gradient / numpy.linalg.norm(combined.gradient)
    assert direction == pytest.approx(expected / numpy.linalg.norm(expected))
    assert sum(combined.weights.values()) == pytest.approx(2)


def test_dbmtl_warns_that_it_has_no_average(make_nlp: Callable, recwarn: Any) -> None:
    with pytest.warns(UserWarning, match="DBMTL runs without its moving average"):
        make_nlp(encoder=None, weighting=block("DBMTL"))
    recwarn.clear()
    make_nlp(encoder=None, weighting=block("DBMTL", beta=0.0))
    make_nlp(encoder=None, weighting=block("DBMTL"), gradients="parameters")
    assert not [w for w in recwarn if "DBMTL" in str(w.message)]


def test_dbmtl_with_extreme_settings() -> None:
    weighting = make("DBMTL", "parameters", beta=0.9, decay=100.0)
    for _ in range(1500):
        found = weighting(TWO_LOSSES, TWO_ROWS)
    assert numpy.isfinite(found.gradient).all()
