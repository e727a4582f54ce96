"""Private parts of torchjd, which keeps state by row, while we keep it by task."""

from typing import Any

import numpy


def get_cosines(weighting: Any) -> numpy.ndarray:
    """Get the average cosines of gradient vaccine.

    Uses `GradVacWeighting._phi_t`, a buffer that isn't always in its `state_dict`.

    weighting (GradVacWeighting): The weighting, after a call.
    RETURNS (ndarray): Shape: (n_tasks, n_tasks).
    """
    return weighting._phi_t.numpy()


def set_cosines(weighting: Any, cosines: numpy.ndarray) -> None:
    """Set the average cosines that gradient vaccine continues from.

    Uses `GradVacWeighting._phi_t` and `_state_key`: it starts from zeros whenever the number of
    rows changes, and has no public setter.

    weighting (GradVacWeighting): The weighting.
    cosines (ndarray): Double precision. Shape: (n_tasks, n_tasks).
    """
    import torch

    weighting._phi_t = torch.from_numpy(cosines)
    weighting._state_key = (len(cosines), torch.float64)


def set_logits(scalarizer: Any, logits: Any) -> None:
    """Set the logits of FAMO's weights.

    Uses `_w`, the name of its parameter in its `state_dict`: it starts from zeros, and only its
    own optimizer updates it.

    scalarizer (scalarization.FAMO): The scalarizer.
    logits (Tensor): Shape: (n_tasks,).
    """
    scalarizer.load_state_dict({**scalarizer.state_dict(), "_w": logits})
