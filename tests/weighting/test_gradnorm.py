"""GradNorm: steps of Adam towards similar lengths."""

import numpy
import pytest
from methods import make
from small_matrix import normalized, weights_of


def test_gradnorm_by_hand() -> None:
    """Lengths 1, 2, 0.5, mean 3.5 / 3, equal rates: a and c are too short, b is too long."""
    weighting = make("GradNorm", learn_rate=0.1)
    weights_of(weighting)
    # One step of Adam has the size of its learning rate.
    assert weights_of(weighting) == pytest.approx(normalized([1.1, 0.9, 1.1]))
    # a has halved, b has not learned, so b gets more. It is Adam's second step; the first was 0.
    weighting = make("GradNorm", learn_rate=0.1)
    losses = {"a": 1.0, "b": 1.0}
    rows = numpy.eye(2)
    weights_of(weighting, losses, rows)
    weights_of(weighting, {"a": 0.5, "b": 1.0}, rows)
    found = weights_of(weighting, {"a": 0.5, "b": 1.0}, rows)
    step = 0.1 * (0.1 / 0.19) / numpy.sqrt(0.001 / 0.001999)
    assert found == pytest.approx([1 - step, 1 + step])
