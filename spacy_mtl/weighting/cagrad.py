"""CAGrad: near the mean gradient, best for the task that gains least."""

from typing import Any, Dict

import numpy

from ..registry import register
from .by_gramian import GramianWeighting
from .formulas import solve_by
from .ranges import check_not_negative
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.CAGrad.v1")
class CAGrad(GramianWeighting):
    """Conflict-averse descent: near the mean, best for the task that gains least.

    c (float): The distance from the mean, relative to its length, >= 0. 0 is the mean.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Liu et al. 2021, Algorithm 1, arXiv:2110.14048.
    """

    solvers = ("cvxpy", "clarabel")

    def __init__(
        self, *, c: float = 0.5, weights: Dict[str, Any] = {}, normalize: bool = True
    ) -> None:
        check_not_negative("CAGrad", c=c)
        super().__init__(weights=weights, normalize=normalize)
        self.c = c

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`."""
        from torchjd.aggregation import CAGradWeighting

        return solve_by(CAGradWeighting(c=self.c, norm_eps=1e-8), gram)
