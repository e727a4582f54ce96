"""Tasks that come and go, and unusual rows."""

import numpy
import pytest
import srsly
from conflicting_rows import LOSSES, TASKS, rows_of, seeded, some_present
from methods import NAMES, make
from small_matrix import THREE_ROWS, TWO_LOSSES, TWO_ROWS


@pytest.mark.parametrize("name", NAMES)
def test_one_task_gives_its_own_gradient(name: str) -> None:
    for settings in ({}, {"weights": {"a": 3.0}}):
        combined = make(name, **settings)({"a": 0.7}, THREE_ROWS[:1])
        weight = 3.0 if settings else 1.0
        assert numpy.allclose(combined.gradient, weight * THREE_ROWS[0])
        assert combined.weights == pytest.approx({"a": weight})


def test_subsets_are_of_all_sizes() -> None:
    assert {len(present) for present in some_present()} >= {1, 3, 4}


@pytest.mark.parametrize("name", NAMES)
def test_all_rows_zero(name: str) -> None:
    weighting = make(name)
    seeded(weighting, LOSSES, rows_of())
    before = srsly.msgpack_dumps(weighting.get_state())
    if name != "Constant":
        combined = weighting(LOSSES, rows_of() * 0)
        assert not combined.gradient.any()
        assert combined.gradient.shape == (300,)
        assert combined.weights == dict.fromkeys(TASKS, 0.0)
        assert srsly.msgpack_dumps(weighting.get_state()) == before
    else:
        assert not weighting(LOSSES, rows_of() * 0).gradient.any()


@pytest.mark.parametrize("name", NAMES)
def test_weight_of_zero_is_absence(name: str) -> None:
    losses = dict(LOSSES)
    found = seeded(make(name, weights={"c": 0.0}), losses, rows_of())
    del losses["c"]
    expected = seeded(make(name), losses, rows_of()[[0, 1, 3]])
    assert found.weights.pop("c") == 0
    assert found.weights == pytest.approx(expected.weights)
    assert numpy.allclose(found.gradient, expected.gradient, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_not_modified(name: str) -> None:
    rows = rows_of()
    rows.flags.writeable = False
    losses = dict(LOSSES)
    combined = seeded(make(name), losses, rows)
    assert losses == LOSSES
    assert combined.gradient.dtype == "float32"
    assert not numpy.shares_memory(combined.gradient, rows)


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_is_computed_in_single(name: str) -> None:
    found = seeded(make(name), LOSSES, rows_of().astype("float16")).gradient
    expected = seeded(make(name), LOSSES, rows_of().astype("float16").astype("float32")).gradient
    assert numpy.allclose(found, expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("name", ["GradDrop", "NashMTL"])
def test_weights_too_large_for_a_method(name: str) -> None:
    message = rf"{name} found no finite.*change 'weights'.*block"
    with numpy.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        make(name, weights={"a": 1e300})(TWO_LOSSES, TWO_ROWS + numpy.float32(0.1))
