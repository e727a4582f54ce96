"""Rows that are equal, opposite, orthogonal or disjoint."""

import numpy
import pytest
from conflicting_rows import LOSSES, direction, seeded
from methods import NAMES, RANDOM, make

PLANTED = {
    "equal": numpy.asarray([[1.0, 2, 2]] * 2),
    "opposite": numpy.asarray([[1.0, 2, 2], [-1, -2, -2]]),
    "orthogonal": numpy.asarray([[1.0, 2, 2], [2, 1, -2]]),
}


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("name", sorted(set(NAMES) - set(RANDOM)))
def test_planted_rows(name: str, kind: str) -> None:
    """Equal and orthogonal rows of equal length are added. Opposite rows cancel."""
    rows = PLANTED[kind].astype("float32")
    combined = make(name)({"a": 1.0, "b": 1.0}, rows)
    assert numpy.isfinite(combined.gradient).all()
    assert numpy.allclose(combined.gradient, rows.sum(axis=0), atol=1e-4)


@pytest.mark.parametrize("kind", ["equal", "orthogonal"])
def test_planted_rows_with_surgery(kind: str) -> None:
    """Without conflict nothing is removed, whatever the order."""
    rows = PLANTED[kind]
    for name in ("PCGrad", "GradVac", "GradDrop"):
        combined = make(name, normalize=False)({"a": 1.0, "b": 1.0}, rows)
        if name == "GradDrop" and kind == "orthogonal":
            # The last values conflict: one of them remains.
            assert combined.gradient[:2] == pytest.approx([3, 3])
            assert abs(combined.gradient[2]) == pytest.approx(2)
        else:
            assert combined.gradient == pytest.approx(rows.sum(axis=0))


def test_opposite_rows_with_surgery() -> None:
    rows = PLANTED["opposite"]
    losses = {"a": 1.0, "b": 1.0}
    assert make("PCGrad")(losses, rows).gradient == pytest.approx([0, 0, 0])
    assert make("GradVac")(losses, rows).gradient == pytest.approx([0, 0, 0])
    kept = make("GradDrop", normalize=False)(losses, rows).gradient
    assert numpy.abs(kept) == pytest.approx([1, 2, 2])


@pytest.mark.parametrize("spread", [1.0, 1e3, 1e6, 1e7])
@pytest.mark.parametrize("name", NAMES)
def test_disjoint_rows(name: str, spread: float) -> None:
    """Tasks with gold on different documents, one with a much shorter gradient."""
    rows = numpy.zeros((4, 400), dtype="float32")
    for i in range(4):
        rows[i, 100 * i : 100 * (i + 1)] = numpy.random.default_rng(i).standard_normal(100)
    rows[2] /= numpy.float32(spread)
    combined = seeded(make(name), LOSSES, rows)
    direction(combined.gradient)
    assert all(weight > 0 for weight in combined.weights.values()) or spread > 1
    # One short row among many identical ones.
    many = numpy.concatenate([rows[[2]], *[rows[[0]]] * 11])
    losses = {f"task{i}": 1.0 for i in range(12)}
    direction(seeded(make(name), losses, many).gradient)
