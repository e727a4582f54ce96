"""Uncertainty weighting: learned log variances."""

from typing import Any

from ..registry import register
from .learned_scale import LearnedScale


@register("mtl_weightings", "spacy_mtl.Uncertainty.v1")
class Uncertainty(LearnedScale):
    """Homoscedastic uncertainty: a learned log variance a task.

    The weight of a task is exp(-s) / 2, where s is learned by the gradient of
    exp(-s) / 2 * loss + s / 2: in the end, the inverse of the loss.

    learn_rate (float): The rate of Adam for the log variances, > 0; 0.025 is usual.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses. What is
        learned cancels them in the long run.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Kendall et al. 2018, Eq. 7, arXiv:1705.07115.
    """

    def make(self, n_tasks: int) -> Any:
        """RETURNS (Scalarizer): torchjd's."""
        from torchjd.scalarization import UW

        return UW(n_tasks)
