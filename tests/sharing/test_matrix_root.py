"""The differentiable square root of a matrix."""

import pytest
import torch

from spacy_mtl.sharing.matrix_root import FLOOR, gram, root


def test_its_square_is_the_matrix() -> None:
    torch.manual_seed(0)
    matrices = gram(torch.randn(2, 3, 5, dtype=torch.float64))
    found = root(matrices)
    floor = FLOOR**2 * torch.eye(3, dtype=torch.float64)
    assert torch.allclose(found @ found, matrices + floor)
    assert torch.allclose(found, found.transpose(-1, -2))
    assert bool((torch.linalg.eigvalsh(found) > 0).all())


@pytest.mark.parametrize("rows", [[[1.0, 0, 0], [0, 1, 0]], [[1.0, 2, 3], [1, 2, 3]]])
def test_gradient_with_equal_or_zero_eigenvalues(rows: object) -> None:
    """The backward pass of `eigh` itself gives NaN here."""
    values = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
    weights = torch.tensor([[1.0, 2], [3, 4]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: (weights * root(gram(x))).sum(), (values,))


def test_rounding_errors_below_zero_do_no_harm() -> None:
    values = torch.ones((4, 200), requires_grad=True)
    root(gram(values)).trace().backward()
    assert values.grad is not None
    # The nuclear norm's gradient, of a matrix of rank 1.
    assert torch.allclose(values.grad, torch.full_like(values, 1 / 800**0.5), rtol=0.02)
