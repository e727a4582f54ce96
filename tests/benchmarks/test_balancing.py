"""Ways to balance the tasks, to try."""

from typing import Any, Dict

import numpy
import pytest

ROWS = numpy.asarray([[30.0, 40.0, 0.0, 1.0], [0.0, 0.0, 5.0, 2.0]], dtype="float32")
#: The norms of both rows, and of their last value.
WHOLE, LAST = numpy.linalg.norm(ROWS, axis=1), numpy.asarray([1.0, 2.0])


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({}, 1 / WHOLE),
        ({"power": 0.5}, 1 / numpy.sqrt(WHOLE)),
        ({"last": True}, 1 / LAST),
        ({"floor": 0.5}, numpy.maximum(1 / WHOLE, 0.5 * (1 / WHOLE).mean())),
    ],
)
def test_variants(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, settings: Dict[str, Any], expected: Any
) -> None:
    module = benchmark_module("balancing")
    monkeypatch.setattr(module, "N_LAST", 1)
    combined = module.Variant(**settings)({"a": 1.0, "b": 1.0}, ROWS)
    expected = 2 * expected / expected.sum()
    assert list(combined.weights.values()) == pytest.approx(expected)
    assert numpy.allclose(combined.gradient, expected @ ROWS, rtol=1e-5)


def test_runs(benchmark_module: Any) -> None:
    """Each once, and scored on the development set."""
    runs = [run for _, run in benchmark_module("balancing").all_runs()]
    assert len(set(runs)) == len({run.name for run in runs}) == len(runs)
    assert all(run.plan.score_dev for run in runs)
