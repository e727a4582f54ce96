"""IMTL-G: equal projections onto all gradients."""

import numpy

from ..registry import register
from .by_gramian import GramianWeighting
from .formulas import solve_by
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.IMTLG.v1")
class IMTLG(GramianWeighting):
    """Impartial gradient balance (IMTL-G): equal projections onto all gradients.

    Weights can be negative.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients. They cancel:
        only 0 has an effect on the direction.
    normalize (bool): See `TaskWeighting`. The published weights sum to 1; if that takes a
        division by a negative sum, they (and only they) increase the loss of every task.
    SOURCE: Liu et al. 2021, "Towards Impartial Multi-task Learning", Eq. 6.
    """

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`."""
        from torchjd.aggregation import IMTLGWeighting

        weights = solve_by(IMTLGWeighting(), gram)
        # Dividing by a negative sum would increase the loss of all tasks.
        return -weights if self.normalize and (gram @ weights).sum() < 0 else weights
