"""torchjd's formulas, called with numpy arrays."""

from typing import Any, Callable

import numpy


def solve_by(weighting: Callable[[Any], Any], gram: numpy.ndarray) -> numpy.ndarray:
    """Compute weights with torchjd.

    weighting (Callable[[Tensor], Tensor]): A torchjd weighting of Gramians.
    gram (ndarray): The Gramian. Shape: (n_tasks, n_tasks).
    RETURNS (ndarray): Shape: (n_tasks,).
    """
    import torch

    with torch.no_grad():
        return weighting(torch.from_numpy(gram)).numpy()


def derivative(
    scalarizer: Callable[[Any], Any], losses: numpy.ndarray, device: Any
) -> numpy.ndarray:
    """Differentiate a scalarization by its losses, and by its parameters, if any.

    scalarizer (Scalarizer): torchjd's. Sets the `grad` of its parameters.
    losses (ndarray): The losses. Shape: (n_tasks,).
    device (torch.device): The device to compute on.
    RETURNS (ndarray): Shape: (n_tasks,).
    """
    import torch

    with torch.enable_grad():
        values = torch.tensor(losses, device=device, requires_grad=True)
        scalarizer(values).backward()
    return values.grad.cpu().numpy()  # type: ignore[union-attr]
