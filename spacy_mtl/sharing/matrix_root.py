"""The square root of a positive semidefinite matrix, as a differentiable function."""

from typing import Any, Tuple

import torch
from torch import Tensor

#: Singular values well below this count as zero: the root is smooth there.
FLOOR = 1e-3


def gram(matrix: Tensor) -> Tensor:
    """RETURNS (Tensor): The inner products of the rows. *Shape:* (..., n_rows, n_rows)."""
    return matrix @ matrix.transpose(-1, -2)


def root(matrix: Tensor) -> Tensor:
    """Compute the square root of a symmetric positive semidefinite matrix.

    The square of `FLOOR` is added to the eigenvalues, so that there is a gradient everywhere. Call
    it outside of autocast: it needs the precision.

    matrix (Tensor): One or more matrices. *Shape:* (..., n, n).
    RETURNS (Tensor): Their roots, which are symmetric and positive definite. *Shape:* (..., n, n).
    """
    found: Tensor = _Root.apply(matrix)
    return found


class _Root(torch.autograd.Function):
    """Its backward pass divides by sums of roots. That of `eigh` divides by differences of
    eigenvalues, which may be zero.
    """

    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(matrix)
        roots = (values.clamp_min(0) + FLOOR**2).sqrt()
        ctx.save_for_backward(roots, vectors)
        return (vectors * roots.unsqueeze(-2)) @ vectors.transpose(-1, -2)

    @staticmethod
    def backward(ctx: Any, *d_roots: Tensor) -> Tuple[Tensor]:
        roots, vectors = ctx.saved_tensors
        back = vectors.transpose(-1, -2)
        inner = back @ d_roots[0] @ vectors / (roots.unsqueeze(-1) + roots.unsqueeze(-2))
        return (vectors @ inner @ back,)
