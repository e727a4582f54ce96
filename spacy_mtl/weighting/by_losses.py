"""Methods that look at losses only: scalarizations.

The weight of a task is the derivative of the scalarized loss with respect to that task's
loss. torchjd has the formulas; what is learned is kept here by task, and handed over.
"""

from typing import Any, Sequence

import numpy

from .rows import Rows
from .task_weighting import TaskWeighting


class LossWeighting(TaskWeighting):
    """A scalarization. `weights` are factors of the losses that it is given.

    A task whose loss is not known yet, or 0, keeps its preference for a weight, and its
    state: so a stock component that stands last, in its first step.
    """

    needs_losses = True
    weighs_one = True

    def weigh(self, rows: Rows) -> numpy.ndarray:
        """Find the effective weights: see `TaskWeighting`."""
        weights = rows.preferences.copy()
        known = rows.losses > 0
        if known.any():
            tasks = [task for task, is_known in zip(rows.tasks, known) if is_known]
            factors = rows.preferences[known]
            found = factors * self.derive(tasks, rows.losses[known], factors, rows.device)
            weights[known] = found * self.scale(found, factors)
        return weights

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Derive the scalarized loss by the scaled losses, and learn from them.

        tasks (Sequence[str]): The tasks.
        losses (ndarray): Their losses, > 0. Shape: (n_tasks,).
        factors (ndarray): Their preferences, which scale them. Shape: (n_tasks,).
        device (torch.device): Where the encoder is.
        RETURNS (ndarray): Shape: (n_tasks,).
        """
        raise NotImplementedError
