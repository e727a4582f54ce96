"""GLS: the geometric mean of the losses."""

from typing import Any, Sequence

import numpy

from ..registry import register
from .by_losses import LossWeighting
from .formulas import derivative


@register("mtl_weightings", "spacy_mtl.GLS.v1")
class GLS(LossWeighting):
    """The geometric loss strategy: the geometric mean of the losses.

    The weight of a task is proportional to the inverse of its loss, so factors of losses
    cancel: only a weight of 0 has an effect on the direction.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Chennupati et al. 2019, MultiNet++, Eq. 3, arXiv:1904.08492.
    """

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Differentiate the geometric mean: see `LossWeighting`."""
        from torchjd.scalarization import GeometricMean

        return derivative(GeometricMean(), factors * losses, device)
