"""The rows that a method weighs: one gradient per task."""

from dataclasses import dataclass
from typing import Any, List

import numpy
from thinc.api import xp2torch
from thinc.types import Floats2d


@dataclass(frozen=True)
class Rows:
    """The tasks of a step that have a weight above 0 and a nonzero gradient.

    tasks (List[str]): Their names.
    losses (ndarray): Their losses. Shape: (n_tasks,).
    preferences (ndarray): Their configured weights, > 0. Shape: (n_tasks,).
    gradients (Floats2d): Their gradients, in single precision or better.
        Shape: (n_tasks, n_values).
    """

    tasks: List[str]
    losses: numpy.ndarray
    preferences: numpy.ndarray
    gradients: Floats2d

    @property
    def device(self) -> Any:
        """RETURNS (Union[torch.device, str]): The device of the gradients and the encoder."""
        device = xp2torch(self.gradients[:1, :1]).device
        # Apple's GPUs have no double precision, and thinc keeps arrays on the CPU there.
        return "cpu" if device.type == "mps" else device


def precise(gradients: Any) -> Any:
    """Convert gradients of lower precision to single precision.

    gradients (Floats2d): Shape: (n_tasks, n_values).
    RETURNS (Floats2d): The same, or a copy.
    """
    return gradients.astype("float32") if gradients.dtype.itemsize < 4 else gradients
