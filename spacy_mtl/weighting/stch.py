"""STCH: a smooth maximum of the losses."""

from typing import Any, Dict, Sequence

import numpy

from ..registry import register
from .by_losses import LossWeighting
from .formulas import derivative
from .ranges import check_positive


@register("mtl_weightings", "spacy_mtl.STCH.v1")
class STCH(LossWeighting):
    """Smooth Tchebycheff scalarization: a smooth maximum of the losses.

    mu (float): The smoothness, > 0, in units of a loss divided by the number of tasks. Near
        0, the worst task gets all the weight.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Lin et al. 2024, Eq. 7, arXiv:2402.19078, with the origin as the ideal point.
    """

    def __init__(
        self, *, mu: float = 0.1, weights: Dict[str, Any] = {}, normalize: bool = True
    ) -> None:
        check_positive("STCH", mu=mu)
        super().__init__(weights=weights, normalize=normalize)
        self.mu = mu

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Differentiate the smooth maximum: see `LossWeighting`."""
        from torchjd import scalarization

        return derivative(scalarization.STCH(self.mu), factors * losses, device)
