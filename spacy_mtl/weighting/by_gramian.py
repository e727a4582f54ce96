"""Gradient methods that only need the products of the rows."""

import numpy

from ..scaling import gramian, shrink
from .ranges import BLOCK
from .rows import Rows
from .task_weighting import TaskWeighting


class GramianWeighting(TaskWeighting):
    """A gradient method that computes weights from the Gramian.

    `weights` are the method's own preference vector if it has one
    (`has_preferences`), else factors of the rows.
    """

    has_preferences = False
    #: How the published weights scale: multiplying the Gramian by x multiplies them by
    #: x ** degree.
    degree = 0.0

    def weigh(self, rows: Rows) -> numpy.ndarray:
        """Compute the effective weights: see `TaskWeighting`."""
        gram, exponent = gramian(rows.gradients)
        factors = numpy.ones(len(rows.tasks)) if self.has_preferences else rows.preferences
        # Small factors make the rows small.
        gram, more = shrink(gram * numpy.outer(factors, factors))
        weights = factors * self._solve_or_explain(gram, rows)
        if not self.normalize and self.degree:
            weights = weights * 2.0 ** ((exponent + more) * self.degree)
        return weights

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute weights of the rows.

        gram (ndarray): The products of the rows, scaled to a trace of about 1.
            Shape: (n_tasks, n_tasks).
        rows (Rows): The tasks, two or more.
        RETURNS (ndarray): Shape: (n_tasks,).
        """
        raise NotImplementedError

    def _solve_or_explain(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        # Each library's solver has errors of its own, which do not mention the config.
        try:
            return self.solve(gram, rows)
        except (ImportError, MemoryError):
            raise
        except Exception as err:
            raise ValueError(
                f"{self.title} found no weights for the gradients of {', '.join(rows.tasks)}: its "
                f"solver failed ({str(err).rstrip('.')}). Very large or small settings can cause "
                f"this: change 'weights' and the numbers in {BLOCK}, or use another method."
            ) from err
