"""RLW draws its weights by the seed."""

import numpy
import pytest
import torch
from methods import make
from small_matrix import normalized, weights_of


def test_rlw_by_hand() -> None:
    weighting = make("RLW")
    torch.manual_seed(3)
    numbers = torch.randn(3, dtype=torch.float64).numpy()
    torch.manual_seed(3)
    assert weights_of(weighting) == pytest.approx(normalized(numpy.exp(numbers)))
