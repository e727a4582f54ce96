"""Uncertainty weighting: learned log variances."""

from typing import Any

from ..registry import register
from .learned_scale import LearnedScale


@register("mtl_weightings", "spacy_mtl.Uncertainty.v1")
class Uncertainty(LearnedScale):
    """Homoscedastic uncertainty: a learned log variance per task.

    The weight of a task is exp(-s) / 2, where s is learned by the gradient of
    exp(-s) / 2 * loss + s / 2: it approaches half the inverse of the loss.

    learn_rate (float): Adam's learning rate for the log variances, > 0; 0.025 is usual.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses. The learned
        variances cancel them in the long run.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Kendall et al. 2018, Eq. 7, arXiv:1705.07115.
    """

    def make(self, n_tasks: int) -> Any:
        """RETURNS (Scalarizer): torchjd's scalarizer."""
        from torchjd.scalarization import UW

        return UW(n_tasks)
