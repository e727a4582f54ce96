"""Dropout for CPUs."""

import pytest
import torch

from spacy_mtl.encoder.dropout import dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_share_of_zeros_and_mean(p: float) -> None:
    found = dropout(torch.ones(100, 4003), p)
    # Within five standard deviations; the same for each of the four that share a number.
    for part in [found.ravel(), *(found.ravel()[i::4] for i in range(4))]:
        error = 5 * (p * (1 - p) / len(part)) ** 0.5
        assert abs(float((part == 0).float().mean()) - p) <= error + 1 / 32768
    assert abs(float(found.mean()) - 1) < 5 * (p / (1 - p) / found.numel()) ** 0.5
    assert len(found.unique()) == 2


def test_neighbors_are_independent() -> None:
    zeros = (dropout(torch.ones(400_000), 0.5) == 0).float().view(-1, 4)
    found = torch.corrcoef(zeros.T)
    assert float((found - torch.eye(4)).abs().max()) < 5 / 100_000**0.5


def test_gradient_and_seed() -> None:
    x = torch.randn(7, 3, requires_grad=True)
    torch.manual_seed(3)
    found = dropout(x, 0.5)
    (gradient,) = torch.autograd.grad(found.sum(), x)
    torch.testing.assert_close(gradient, torch.where(found == 0, 0.0, 2.0))
    torch.manual_seed(3)
    torch.testing.assert_close(dropout(x, 0.5), found)
    assert dropout(x, 0.0) is x


def test_bfloat16_is_kept() -> None:
    found = dropout(torch.ones(100, dtype=torch.bfloat16), 0.5)
    assert found.dtype is torch.bfloat16
    assert set(found.tolist()) == {0.0, 2.0}
