"""IMTL-L: learned scales that bring all losses to 1."""

from typing import Any

from ..registry import register
from .learned_scale import LearnedScale


@register("mtl_weightings", "spacy_mtl.IMTLL.v1")
class IMTLL(LearnedScale):
    """Impartial loss balance (IMTL-L): a learned log scale per task.

    The weight of a task is exp(s), where s is learned by the gradient of
    exp(s) * loss - s, so that all scaled losses approach 1.

    learn_rate (float): Adam's learning rate for the log scales, > 0; 0.025 is usual.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses. The learned
        scales cancel them in the long run.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Liu et al. 2021, Section 3.2, "Towards Impartial Multi-task Learning".
    """

    def make(self, n_tasks: int) -> Any:
        """RETURNS (Scalarizer): torchjd's scalarizer."""
        from torchjd import scalarization

        return scalarization.IMTLL(n_tasks)
