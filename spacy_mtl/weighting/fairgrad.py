"""FairGrad: alpha-fair shares of what the losses fall."""

from typing import Any, Dict

import numpy

from ..registry import register
from ..types import Weighting
from .base import Rows, check_not_negative
from .by_gramian import GramianWeighting, solve_by


@register("mtl_weightings", "spacy_mtl.FairGrad.v1")
def create_fairgrad(
    alpha: float = 1.0, weights: Dict[str, Any] = {}, normalize: bool = True
) -> Weighting:
    """Create alpha-fair allocation of the loss decrease.

    alpha (float): 0 is the mean, 1 proportional fairness (as NashMTL), more cares more for
        the task that gains least. >= 0.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients. With
        alpha = 1 they cancel, above 1 they have the opposite effect in part.
    normalize (bool): See `TaskWeighting`. The published weights are not homogeneous.
    SOURCE: Ban and Ji 2024, Algorithm 1, arXiv:2402.15638.
    """
    check_not_negative("FairGrad", alpha=alpha)
    return FairGrad(alpha, weights, normalize)


class FairGrad(GramianWeighting):
    """Alpha-fair allocation: see `create_fairgrad`."""

    solvers = ("scipy",)

    def __init__(self, alpha: float, *settings: Any) -> None:
        super().__init__(*settings)
        self.alpha = alpha
        self.degree = -alpha / (1 + alpha)

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Find the weights: see `GramianWeighting`."""
        from torchjd.aggregation import FairGradWeighting

        if self.alpha == 0:
            return solve_by(FairGradWeighting(0), gram)
        # G w = w ** (-1 / alpha), in units of w in which the diagonal is 1: torchjd begins
        # with equal weights, and does not get far from there.
        unit = numpy.diag(gram) ** (-self.alpha / (1 + self.alpha))
        scaled = unit[:, None] ** (1 / self.alpha) * gram * unit
        return unit * solve_by(FairGradWeighting(self.alpha), scaled)
