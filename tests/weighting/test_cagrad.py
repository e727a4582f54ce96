"""CAGrad against a grid search."""

import numpy
import pytest
from methods import make
from small_matrix import THREE_ROWS, normalized, weights_of


def test_cagrad_by_hand() -> None:
    """Two rows of equal length: g0 + c |g0| g_w / |g_w| is best for the worse-off of both.

    By symmetry g_w = g0, so the weights are 1 / 2 + c / 2 each, normalized to 1 each. Rows of
    different lengths are compared with a search.
    """
    rows = numpy.asarray([[1.0, 0], [-0.6, 0.8]])
    found = weights_of(make("CAGrad"), {"a": 1.0, "b": 1.0}, rows)
    assert found == pytest.approx([1, 1], rel=1e-3)
    mean = THREE_ROWS.mean(axis=0)
    radius = 0.5 * numpy.linalg.norm(mean)
    grid = numpy.linspace(0, 1, 401)
    best, where = numpy.inf, None
    for x in grid:
        for y in grid[grid <= 1 - x]:
            g_w = numpy.asarray([x, y, 1 - x - y]) @ THREE_ROWS
            value = g_w @ mean + radius * numpy.linalg.norm(g_w)
            if value < best:
                best, where = value, numpy.asarray([x, y, 1 - x - y])
    expected = 1 / 3 + radius / numpy.linalg.norm(where @ THREE_ROWS) * where
    assert weights_of(make("CAGrad")) == pytest.approx(normalized(expected), rel=1e-2)
