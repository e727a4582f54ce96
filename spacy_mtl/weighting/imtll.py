"""IMTL-L: learned scales, by which all losses come to be 1."""

from typing import Any

from ..registry import register
from .learned_scale import LearnedScale


@register("mtl_weightings", "spacy_mtl.IMTLL.v1")
class IMTLL(LearnedScale):
    """Impartial loss balance (IMTL-L): a learned log scale a task.

    The weight of a task is exp(s), where s is learned by the gradient of
    exp(s) * loss - s: all scaled losses come to be 1.

    learn_rate (float): The rate of Adam for the log scales, > 0; 0.025 is usual.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses. What is
        learned cancels them in the long run.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Liu et al. 2021, Section 3.2, "Towards Impartial Multi-task Learning".
    """

    def make(self, n_tasks: int) -> Any:
        """RETURNS (Scalarizer): torchjd's."""
        from torchjd import scalarization

        return scalarization.IMTLL(n_tasks)
