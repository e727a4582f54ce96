"""MGDA: the shortest convex combination of the gradients."""

from typing import Any, Dict

import numpy

from ..registry import register
from .by_gramian import GramianWeighting
from .formulas import solve_by
from .ranges import check_positive
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.MGDA.v1")
class MGDA(GramianWeighting):
    """Multiple gradient descent: the shortest convex combination of the gradients.

    epsilon (float): The solver stops at steps below this size, > 0.
    max_iters (int): The maximum number of solver steps, > 0.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients. They have
        the opposite effect: the shorter a gradient, the more weight it gets.
    normalize (bool): See `TaskWeighting`. The published weights sum to 1.
    SOURCE: Sener and Koltun 2018, Algorithm 2, arXiv:1810.04650; Désidéri 2012.
    """

    def __init__(
        self,
        *,
        epsilon: float = 0.001,
        max_iters: int = 100,
        weights: Dict[str, Any] = {},
        normalize: bool = True,
    ) -> None:
        check_positive("MGDA", epsilon=epsilon, max_iters=max_iters)
        super().__init__(weights=weights, normalize=normalize)
        self.epsilon = epsilon
        self.max_iters = max_iters

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`."""
        from torchjd.aggregation import MGDAWeighting

        return solve_by(MGDAWeighting(epsilon=self.epsilon, max_iters=self.max_iters), gram)
