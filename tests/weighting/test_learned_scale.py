"""Uncertainty and IMTL-L: Adam's steps for the learned numbers."""

import numpy
import pytest
from methods import make
from small_matrix import weights_of


def test_uncertainty_by_hand() -> None:
    """The derivative of exp(-s) / 2 * loss + s / 2 at 0 is (1 - loss) / 2."""
    weighting = make("Uncertainty", learn_rate=0.1, normalize=False)
    assert weights_of(weighting) == pytest.approx([0.5, 0.5, 0.5])
    expected = 0.5 * numpy.exp(-numpy.asarray([0.0, -0.1, 0.1]))
    assert weights_of(weighting) == pytest.approx(expected, rel=1e-6)


def test_imtll_by_hand() -> None:
    """The derivative of exp(s) * loss - s at 0 is loss - 1."""
    weighting = make("IMTLL", learn_rate=0.1, normalize=False)
    assert weights_of(weighting) == pytest.approx([1, 1, 1])
    assert weights_of(weighting) == pytest.approx(numpy.exp([0.0, 0.1, -0.1]), rel=1e-6)
