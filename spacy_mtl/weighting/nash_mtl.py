"""Nash-MTL: the tasks bargain for the step."""

from typing import Any

import numpy

from ..registry import register
from ..scaling import split
from .by_gramian import GramianWeighting
from .rows import Rows

_MAX_STEPS = 200
# Added to the diagonal of the cosines: without it, opposite gradients have no solution.
_RIDGE = 1e-10


@register("mtl_weightings", "spacy_mtl.NashMTL.v1")
class NashMTL(GramianWeighting):
    """The Nash bargaining solution: G w = 1 / w, with G the Gramian of the gradients.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients. They cancel:
        only 0 has an effect on the direction.
    normalize (bool): See `TaskWeighting`. With the published weights, the combined
        gradient of two or more tasks always has the length sqrt(n_tasks).
    SOURCE: Navon et al. 2022, Claim 3.2, arXiv:2202.01017. Differs: the unique solution is
        found in every step and by Newton's method, while the paper solves a sequence of convex
        programs with a solver.
    """

    degree = -0.5
    libraries = ()

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`."""
        cosines, norms = split(gram)
        return bargain(cosines) / norms


def bargain(cosines: numpy.ndarray) -> numpy.ndarray:
    """Solve cosines @ x = 1 / x for x > 0.

    The solution minimizes 1/2 x' cosines x - sum(log x). That function is self-concordant,
    so Newton's method with steps of 1 / (1 + decrement) converges from anywhere.

    cosines (ndarray): Positive semi-definite, ones on the diagonal.
        Shape: (n_tasks, n_tasks).
    RETURNS (ndarray): Shape: (n_tasks,).
    """
    matrix = cosines + _RIDGE * numpy.eye(len(cosines))
    x: Any = numpy.ones(len(cosines))
    for _ in range(_MAX_STEPS):
        gradient = matrix @ x - 1 / x
        step = numpy.linalg.solve(matrix + numpy.diag(1 / x**2), gradient)
        decrement = numpy.sqrt(max(gradient @ step, 0.0))
        x = x - step / (1 + decrement if decrement > 0.25 else 1)
        if decrement < 1e-9:
            break
    return x
