"""RLW: random weights, drawn at every step."""

from typing import Any, Sequence

import numpy

from ..registry import register
from .by_losses import LossWeighting
from .formulas import derivative


@register("mtl_weightings", "spacy_mtl.RLW.v1")
class RLW(LossWeighting):
    """Random loss weighting: a softmax of normal numbers, drawn at every step.

    The numbers come from torch's global generator, which `[system] seed` sets.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Lin et al. 2022, Algorithm 2, arXiv:2111.10603.
    """

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Draw the weights: see `LossWeighting`."""
        from torchjd.scalarization import Random

        # On the CPU, so that a seed gives the same weights on every device.
        return derivative(Random(), factors * losses, "cpu")
