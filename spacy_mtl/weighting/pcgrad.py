"""PCGrad: each gradient loses its components against the others."""

import numpy

from ..registry import register
from .by_gramian import GramianWeighting
from .formulas import solve_by
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.PCGrad.v1")
class PCGrad(GramianWeighting):
    """Gradient surgery: each gradient loses its components against the others.

    The order of the other tasks is drawn from torch's global generator.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients.
    normalize (bool): See `TaskWeighting`. The published weights are 1 without conflict.
    SOURCE: Yu et al. 2020, Algorithm 1, arXiv:2001.06782.
    """

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`."""
        from torchjd.aggregation import PCGradWeighting

        return solve_by(PCGradWeighting(), gram)
