"""Aligned-MTL against the singular values of the small matrix."""

import numpy
import pytest
from methods import make
from small_matrix import THREE_ROWS, normalized, weights_of


def test_aligned_mtl_by_hand() -> None:
    """B = smallest singular value of the rows times the inverse root of the Gramian."""
    values, vectors = numpy.linalg.eigh(THREE_ROWS @ THREE_ROWS.T)
    balance = vectors @ numpy.diag(numpy.sqrt(values[0] / values)) @ vectors.T
    assert weights_of(make("AlignedMTL")) == pytest.approx(normalized(balance @ numpy.ones(3)))
