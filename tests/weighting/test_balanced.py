"""Balanced: weights of 1 / norm."""

import numpy
import pytest
from conflicting_rows import LOSSES, TASKS, rows_of
from methods import make
from small_matrix import TWO_LOSSES, TWO_ROWS, weights_of


def test_balanced_rows_have_equal_length() -> None:
    combined = make("Balanced")(LOSSES, rows_of())
    norms = numpy.linalg.norm(rows_of(dtype="float64"), axis=1)
    found = numpy.asarray([combined.weights[task] for task in TASKS]) * norms
    assert found == pytest.approx(found.mean())


def test_balanced_averages_squares() -> None:
    """Norms of 1 and 3, then of 2 and 1: weights 0.9 and 1 of the mean of the squares."""
    weighting = make("Balanced", normalize=False)
    losses = {"a": 1.0, "b": 1.0}
    weights_of(weighting, losses, numpy.diag([1.0, 3.0]))
    found = weights_of(weighting, losses, numpy.diag([2.0, 1.0]))
    squares = (0.9 * numpy.asarray([1.0, 9.0]) + [4.0, 1.0]) / 1.9
    assert found == pytest.approx(1 / numpy.sqrt(squares))


def test_balanced_without_memory() -> None:
    weighting = make("Balanced", decay=0.0, normalize=False)
    for size in (1.0, 5.0):
        assert weights_of(weighting, {"a": 1.0, "b": 1.0}, size * numpy.eye(2)) == pytest.approx(
            [1 / size, 1 / size]
        )


@pytest.mark.parametrize("factor", [1.0, 100.0, 10_000.0])
def test_balanced_undoes_the_scale_of_a_task(factor: float) -> None:
    weighting, scaled = make("Balanced", normalize=False), make("Balanced", normalize=False)
    for step in range(3):
        rows = rows_of(seed=step)
        larger = rows * numpy.asarray([[factor], [1], [1], [1]], dtype=rows.dtype)
        plain, found = weighting(LOSSES, rows).weights, scaled(LOSSES, larger).weights
        assert found["a"] * factor == pytest.approx(plain["a"], rel=1e-5)
        assert found["b"] == plain["b"]


def test_balanced_learns_from_a_single_task() -> None:
    weighting = make("Balanced", normalize=False)
    assert weighting({"a": 1.0}, 7 * numpy.eye(2)[:1]).weights == {"a": 1.0}
    assert weighting.get_state()["squares"]["a"] == pytest.approx([0.1 * 49, 0.1])


def test_balanced_needs_the_parameters() -> None:
    with pytest.raises(ValueError, match='Balanced.*gradients = "parameters"'):
        make("Balanced", "representation")


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_balanced_decay(decay: float) -> None:
    with pytest.raises(ValueError, match="'decay' of Balanced"):
        make("Balanced", decay=decay)


def test_balanced_is_finite_for_rows_of_two_tasks() -> None:
    assert numpy.isfinite(make("Balanced")(TWO_LOSSES, TWO_ROWS).gradient).all()
