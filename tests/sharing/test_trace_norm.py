"""The tensor trace norm."""

import numpy
import pytest
import torch

from spacy_mtl.sharing.matrix_root import FLOOR
from spacy_mtl.sharing.trace_norm import trace_norm


def nuclear(matrix: numpy.ndarray) -> float:
    return float(numpy.linalg.svd(matrix, compute_uv=False).sum())


def test_is_the_mean_of_the_norms_of_unfoldings() -> None:
    values = numpy.random.default_rng(0).standard_normal((3, 4, 5))
    expected = (
        nuclear(values.reshape(3, 20))
        + nuclear(values.transpose(1, 0, 2).reshape(4, 15))
        + nuclear(values.transpose(2, 0, 1).reshape(5, 12))
    ) / 3
    assert float(trace_norm(torch.tensor(values))) == pytest.approx(expected, rel=1e-5)


def test_of_a_matrix() -> None:
    values = numpy.random.default_rng(0).standard_normal((3, 7))
    assert float(trace_norm(torch.tensor(values))) == pytest.approx(nuclear(values), rel=1e-5)


def test_is_rounded_up_at_most_by_the_floor() -> None:
    values = torch.ones(2, 3, 3, dtype=torch.float64)
    # Each unfolding of this tensor has rank 1.
    difference = float(trace_norm(values)) - 18**0.5
    assert 0 < difference < 3 * FLOOR
