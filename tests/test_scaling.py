"""Gradients of any size."""

from typing import Sequence

import numpy
import pytest
import torch
from conflicting_rows import LOSSES, TASKS, direction, rows_of, run_with_some, seeded
from hypothesis import given, settings
from hypothesis import strategies as st
from methods import BY_GRADIENTS, NAMES, make

NOT_HOMOGENEOUS = ("FairGrad", "NashMTL", "ExcessMTL")


@pytest.mark.parametrize("exponent", range(-12, 13, 3))
@pytest.mark.parametrize("name", NAMES)
def test_scale(name: str, exponent: int) -> None:
    """Scaling the rows by 1e-12 to 1e12 scales the combined gradient."""
    scale = 10.0**exponent
    expected = seeded(make(name), LOSSES, rows_of()).gradient.astype("float64")
    found = seeded(make(name), LOSSES, rows_of() * numpy.float32(scale)).gradient
    if name == "ExcessMTL":
        assert numpy.isfinite(found).all()
        return
    error = numpy.linalg.norm(found / scale - expected) / numpy.linalg.norm(expected)
    assert error < 1e-4


@pytest.mark.parametrize("name", NOT_HOMOGENEOUS)
@pytest.mark.parametrize("scale", [1e-12, 1e-4, 1e4, 1e12])
def test_scale_of_methods_that_are_not_homogeneous(name: str, scale: float) -> None:
    """On the published scale: finite, nonzero, same direction."""
    found = seeded(make(name, normalize=False), LOSSES, rows_of() * numpy.float32(scale)).gradient
    if name == "ExcessMTL":
        assert numpy.isfinite(found).all()
        return
    expected = seeded(make(name, normalize=False), LOSSES, rows_of()).gradient
    assert direction(found) == pytest.approx(direction(expected), abs=1e-4)


def test_published_scale_of_nash_mtl() -> None:
    """The length of the step is always the root of the number of tasks."""
    for name in ("NashMTL", "FairGrad"):
        for scale in (1e-6, 1.0, 1e6):
            rows = rows_of(dtype="float64") * scale
            combined = make(name, normalize=False)(LOSSES, rows)
            assert numpy.linalg.norm(combined.gradient) == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize("scale", [1e-12, 1e-4, 1e4, 1e12])
@pytest.mark.parametrize("name", NAMES)
def test_scale_with_some_of_the_tasks(name: str, scale: float) -> None:
    """The same over several steps with state and random subsets of the tasks."""
    expected = run_with_some(make(name))
    for step, combined in enumerate(run_with_some(make(name), scale)):
        if name == "ExcessMTL":
            assert numpy.isfinite(combined.gradient).all()
            continue
        reference = expected[step].gradient.astype("float64")
        error = numpy.linalg.norm(combined.gradient / scale - reference)
        assert error <= 1e-4 * numpy.linalg.norm(reference), step


@pytest.mark.parametrize("spread", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("name", NAMES)
def test_different_length_with_some_of_the_tasks(name: str, spread: float) -> None:
    for which in TASKS:
        for combined in run_with_some(make(name), spread, which=which):
            if combined.weights:
                direction(combined.gradient)


@pytest.mark.parametrize("factor", [1e-8, 1e-4, 1e4])
@pytest.mark.parametrize("name", [name for name in BY_GRADIENTS if name != "ExcessMTL"])
def test_scale_of_weights(name: str, factor: float) -> None:
    """Tasks faded in together are combined as at full weight. (Not by methods that use losses:
    the weights are factors of the losses, whose size matters.)"""
    expected = run_with_some(make(name))
    found = run_with_some(make(name, weights=dict.fromkeys(TASKS, factor)))
    for step, (one, other) in enumerate(zip(expected, found)):
        error = numpy.linalg.norm(other.gradient / factor - one.gradient)
        assert error <= 1e-3 * numpy.linalg.norm(one.gradient), step


@pytest.mark.parametrize("spread", [1e2, 1e4, 1e6])
@pytest.mark.parametrize("name", NAMES)
def test_rows_of_different_length(name: str, spread: float) -> None:
    for which in range(4):
        rows = rows_of()
        rows[which] /= numpy.float32(spread)
        direction(seeded(make(name), LOSSES, rows).gradient)
        rows = rows_of()
        rows[which] *= numpy.float32(spread)
        direction(seeded(make(name), LOSSES, rows).gradient)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(BY_GRADIENTS),
    n_tasks=st.integers(2, 6),
    seed=st.integers(0, 10**6),
    exponents=st.lists(st.integers(-3, 3), min_size=6, max_size=6),
    rank=st.integers(1, 6),
)
def test_any_rows(name: str, n_tasks: int, seed: int, exponents: Sequence[int], rank: int) -> None:
    """Dependent rows of any length: the result is finite and matches the weights."""
    rng = numpy.random.default_rng(seed)
    rows = rng.standard_normal((n_tasks, rank)) @ rng.standard_normal((rank, 50))
    rows = (rows * 10.0 ** numpy.asarray(exponents[:n_tasks])[:, None]).astype("float32")
    losses = {f"task{i}": float(loss) for i, loss in enumerate(rng.uniform(0.01, 5, n_tasks))}
    torch.manual_seed(seed)
    combined = make(name)(losses, rows)
    weights = numpy.asarray(list(combined.weights.values()))
    assert numpy.isfinite(weights).all()
    assert numpy.isfinite(combined.gradient).all()
    if name != "GradDrop":
        size = numpy.abs(rows).max()
        assert numpy.allclose(combined.gradient, weights @ rows, rtol=1e-4, atol=1e-5 * size)
