"""Methods that only use losses: scalarizations.

The weight of a task is the derivative of the scalarized loss with respect to that task's
loss. torchjd has the formulas; learned values are kept here by task and passed to it.
"""

from typing import Any, Sequence

import numpy

from .rows import Rows
from .task_weighting import TaskWeighting


class LossWeighting(TaskWeighting):
    """A scalarization. `weights` are factors of its input losses.

    A task whose loss is 0 or not known yet is weighted by its preference, and keeps its state.
    This happens to a stock component at the end of the pipeline in its first step.
    """

    needs_losses = True
    weighs_one = True

    def weigh(self, rows: Rows) -> numpy.ndarray:
        """Compute the effective weights: see `TaskWeighting`."""
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
        """Differentiate the scalarized loss by the scaled losses, and learn from them.

        tasks (Sequence[str]): The tasks.
        losses (ndarray): Their losses, > 0. Shape: (n_tasks,).
        factors (ndarray): Their preferences, which scale them. Shape: (n_tasks,).
        device (torch.device): The device of the encoder.
        RETURNS (ndarray): Shape: (n_tasks,).
        """
        raise NotImplementedError
