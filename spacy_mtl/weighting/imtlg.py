"""IMTL-G: equal projections on all gradients."""

import numpy

from ..registry import register
from .by_gramian import GramianWeighting
from .formulas import solve_by
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.IMTLG.v1")
class IMTLG(GramianWeighting):
    """Impartial gradient balance (IMTL-G): equal projections on all gradients.

    Weights can be below 0.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients. They cancel:
        no effect on the direction, but that of 0.
    normalize (bool): See `TaskWeighting`. The published weights sum to 1; where that takes a
        division by a number below 0 they lead uphill for every task, and only those do.
    SOURCE: Liu et al. 2021, "Towards Impartial Multi-task Learning", Eq. 6.
    """

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Find the weights: see `GramianWeighting`."""
        from torchjd.aggregation import IMTLGWeighting

        weights = solve_by(IMTLGWeighting(), gram)
        # Divided by a sum below 0 the step would go up for all tasks.
        return -weights if self.normalize and (gram @ weights).sum() < 0 else weights
