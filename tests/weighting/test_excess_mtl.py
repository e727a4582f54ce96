"""ExcessMTL: risks, warm-up, level and warning."""

from typing import Callable

import numpy
import pytest
import spacy
from conflicting_rows import LOSSES, TASKS, rows_of
from methods import block, make
from small_matrix import TWO_LOSSES, TWO_ROWS, normalized, weights_of


def test_excess_mtl_by_hand() -> None:
    """First step: the sum of g2 / |g| is the 1-norm. The weights are the softmax of these."""
    risks = numpy.asarray([1.0, 2.8, 0.5])
    weighting = make("ExcessMTL")
    first = numpy.exp(risks)
    assert weights_of(weighting) == pytest.approx(normalized(first), rel=1e-5)
    # Second step: g2 / (sqrt(2) |g|), relative to the first.
    second = numpy.exp(risks + 1 / numpy.sqrt(2))
    assert weights_of(weighting) == pytest.approx(normalized(second), rel=1e-5)


def test_excess_mtl_waits_for_tasks_that_warm_up() -> None:
    """A task that joins later, or is rarer, still gets its share of the weight."""
    weighting = make("ExcessMTL", warmup_steps=20)
    for step in range(60):
        tasks = ["a", "c"] if step < 30 else ["a", "b", "c"]
        rows = rows_of(seed=step)[[TASKS.index(task) for task in tasks]]
        weights = weighting({task: LOSSES[task] for task in tasks}, rows).weights
        if 30 <= step < 50:
            assert weights["b"] == pytest.approx(1.0)
    assert weights["b"] > 0.1


def test_excess_mtl_at_the_representation(make_nlp: Callable) -> None:
    with pytest.raises(ValueError, match='ExcessMTL keeps.*Set gradients = "parameters"'):
        make_nlp(encoder=None, weighting=block("ExcessMTL"))
    make_nlp(encoder=None, weighting=block("ExcessMTL"), gradients="parameters")


def test_excess_mtl_warns_when_one_task_gets_all(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spacy.util.logger, "propagate", True)
    large = numpy.repeat(TWO_ROWS * [[1], [3]], 1000, axis=1).astype("float32")
    weighting = make("ExcessMTL")
    for _ in range(2):
        weighting(TWO_LOSSES, large)
    (message,) = caplog.messages
    assert "all weight to the task 'b'" in message
    assert "Set 'warmup_steps'" in message
    weighting = make("ExcessMTL", warmup_steps=2)
    for _ in range(3):
        weights = weighting(TWO_LOSSES, large).weights
    assert min(weights.values()) > 0.9
