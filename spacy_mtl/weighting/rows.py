"""The rows that a method weighs: one gradient a task."""

from dataclasses import dataclass
from typing import Any, List

import numpy
from thinc.api import xp2torch
from thinc.types import Floats2d


@dataclass(frozen=True)
class Rows:
    """The tasks that a step is about: with a weight above 0 and a gradient that is not 0.

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
        """RETURNS (Union[torch.device, str]): Where the gradients are, as the encoder is."""
        device = xp2torch(self.gradients[:1, :1]).device
        # Apple's have no double precision, and thinc's arrays are on the CPU there.
        return "cpu" if device.type == "mps" else device


def precise(gradients: Any) -> Any:
    """Bring gradients to single precision, if theirs is less.

    gradients (Floats2d): Shape: (n_tasks, n_values).
    RETURNS (Floats2d): The same, or a copy.
    """
    return gradients.astype("float32") if gradients.dtype.itemsize < 4 else gradients
