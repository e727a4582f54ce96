"""Scalarizations without memory: random, geometric mean, smooth maximum."""

from typing import Any, Dict, Sequence

import numpy

from ..registry import register
from ..types import Weighting
from .base import check_positive
from .by_losses import LossWeighting, derivative


@register("mtl_weightings", "spacy_mtl.RLW.v1")
def create_rlw(weights: Dict[str, Any] = {}, normalize: bool = True) -> Weighting:
    """Create random loss weighting: a softmax of normal numbers, drawn anew every step.

    The numbers come from torch's global generator, which `[system] seed` sets.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Lin et al. 2022, Algorithm 2, arXiv:2111.10603.
    """
    return RLW(weights, normalize)


@register("mtl_weightings", "spacy_mtl.GLS.v1")
def create_gls(weights: Dict[str, Any] = {}, normalize: bool = True) -> Weighting:
    """Create the geometric loss strategy: the geometric mean of the losses.

    The weight of a task is as its loss's inverse, so a factor of a loss cancels: `weights`
    have no effect on the direction, but that of 0.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Chennupati et al. 2019, MultiNet++, Eq. 3, arXiv:1904.08492.
    """
    return GLS(weights, normalize)


@register("mtl_weightings", "spacy_mtl.STCH.v1")
def create_stch(mu: float = 0.1, weights: Dict[str, Any] = {}, normalize: bool = True) -> Weighting:
    """Create smooth Tchebycheff scalarization: a smooth maximum of the losses.

    mu (float): How smooth, > 0, in the unit of a loss divided by the number of tasks. Near
        0 the worst task gets all.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Lin et al. 2024, Eq. 7, arXiv:2402.19078, with the origin as the ideal point.
    """
    check_positive("STCH", mu=mu)
    return STCH(mu, weights, normalize)


class RLW(LossWeighting):
    """Random loss weighting: see `create_rlw`."""

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Draw the weights: see `LossWeighting`."""
        from torchjd.scalarization import Random

        # On the CPU: the same seed gives the same weights on every device.
        return derivative(Random(), factors * losses, "cpu")


class GLS(LossWeighting):
    """The geometric mean: see `create_gls`."""

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Derive the geometric mean: see `LossWeighting`."""
        from torchjd.scalarization import GeometricMean

        return derivative(GeometricMean(), factors * losses, device)


class STCH(LossWeighting):
    """A smooth maximum: see `create_stch`."""

    def __init__(self, mu: float, *settings: Any) -> None:
        super().__init__(*settings)
        self.mu = mu

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Derive the smooth maximum: see `LossWeighting`."""
        from torchjd import scalarization

        return derivative(scalarization.STCH(self.mu), factors * losses, device)
