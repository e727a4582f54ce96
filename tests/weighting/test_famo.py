"""FAMO: a step of Adam by how far the losses fell."""

import numpy
import pytest
from methods import make
from small_matrix import normalized, weights_of


def test_famo_by_hand() -> None:
    """a halves, b stays: Adam's first step is the learning rate, down for a, up for b."""
    weighting = make("FAMO", learn_rate=0.1, weight_decay=0.0)
    rows = numpy.eye(2)
    assert weights_of(weighting, {"a": 2.0, "b": 1.0}, rows) == pytest.approx(
        normalized([1, 2], 2.0)
    )
    shares = numpy.exp([-0.1, 0.1])
    found = weights_of(weighting, {"a": 1.0, "b": 1.0}, rows)
    assert found == pytest.approx(normalized(shares, 2.0), rel=1e-5)
