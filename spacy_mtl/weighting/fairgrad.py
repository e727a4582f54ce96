"""FairGrad: alpha-fair shares of the loss decrease."""

from typing import Any, Dict

import numpy

from ..registry import register
from .by_gramian import GramianWeighting
from .formulas import solve_by
from .ranges import check_not_negative
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.FairGrad.v1")
class FairGrad(GramianWeighting):
    """Alpha-fair allocation of the loss decrease.

    alpha (float): 0 is the mean, 1 is proportional fairness (as NashMTL), and larger values
        favor the task that gains least. >= 0.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients. With
        alpha = 1 they cancel; above 1 they partly have the opposite effect.
    normalize (bool): See `TaskWeighting`. The published weights are not homogeneous.
    SOURCE: Ban and Ji 2024, Algorithm 1, arXiv:2402.15638.
    """

    solvers = ("scipy",)

    def __init__(
        self, *, alpha: float = 1.0, weights: Dict[str, Any] = {}, normalize: bool = True
    ) -> None:
        check_not_negative("FairGrad", alpha=alpha)
        super().__init__(weights=weights, normalize=normalize)
        self.alpha = alpha
        self.degree = -alpha / (1 + alpha)

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`."""
        from torchjd.aggregation import FairGradWeighting

        if self.alpha == 0:
            return solve_by(FairGradWeighting(0), gram)
        # G w = w ** (-1 / alpha), in units of w in which the diagonal is 1: torchjd starts
        # from equal weights and does not get far from there.
        unit = numpy.diag(gram) ** (-self.alpha / (1 + self.alpha))
        scaled = unit[:, None] ** (1 / self.alpha) * gram * unit
        return unit * solve_by(FairGradWeighting(self.alpha), scaled)
