"""The tensor trace norm: small if the parameters of several tasks have a low rank together."""

import torch
from torch import Tensor

from .matrix_root import gram, root


def trace_norm(stacked: Tensor) -> Tensor:
    """Compute the tensor trace norm: the mean nuclear norm of the tensor's unfoldings.

    Small for a tensor of low rank, such as if the tasks' parameters are multiples of each other
    (in the first unfolding) or use the same few inputs or outputs (in the others). Singular values
    are rounded up by at most `matrix_root.FLOOR`, which makes the norm smooth.

    stacked (Tensor): Corresponding parameters of all tasks. *Shape:* (n_tasks, ...).
    RETURNS (Tensor): The norm. *Shape:* ().
    """
    norms = []
    for axis in range(stacked.dim()):
        unfolded = stacked.movedim(axis, 0).flatten(1)
        if unfolded.shape[0] > unfolded.shape[1]:
            unfolded = unfolded.T
        norms.append(root(gram(unfolded)).trace())
    return torch.stack(norms).mean()
