"""Weights learned with the losses: homoscedastic uncertainty, and IMTL-L."""

from typing import Any, Dict, Optional, Sequence

import numpy

from ..registry import register
from ..types import Weighting
from .by_losses import LossWeighting, derivative
from .learned import LearnedScalars, check_learn_rate


@register("mtl_weightings", "spacy_mtl.Uncertainty.v1")
def create_uncertainty(
    learn_rate: Optional[float] = None, weights: Dict[str, Any] = {}, normalize: bool = True
) -> Weighting:
    """Create uncertainty weighting: a learned log variance a task.

    The weight of a task is exp(-s) / 2, where s is learned by the gradient of
    exp(-s) / 2 * loss + s / 2: in the end, the inverse of the loss.

    learn_rate (float): The rate of Adam for the log variances, > 0; 0.025 is usual.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses. What is
        learned cancels them in the long run.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Kendall et al. 2018, Eq. 7, arXiv:1705.07115.
    """
    check_learn_rate("Uncertainty", learn_rate)
    return Uncertainty(learn_rate, weights, normalize)


@register("mtl_weightings", "spacy_mtl.IMTLL.v1")
def create_imtll(
    learn_rate: Optional[float] = None, weights: Dict[str, Any] = {}, normalize: bool = True
) -> Weighting:
    """Create impartial loss balance (IMTL-L): a learned log scale a task.

    The weight of a task is exp(s), where s is learned by the gradient of
    exp(s) * loss - s: all scaled losses come to be 1.

    learn_rate (float): The rate of Adam for the log scales, > 0; 0.025 is usual.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses. What is
        learned cancels them in the long run.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Liu et al. 2021, Section 3.2, "Towards Impartial Multi-task Learning".
    """
    check_learn_rate("IMTLL", learn_rate)
    return IMTLL(learn_rate, weights, normalize)


class _LearnedScale(LossWeighting):
    """A scalarization with one learned number a task, which torchjd starts at 0."""

    def __init__(self, learn_rate: Any, *settings: Any) -> None:
        super().__init__(*settings)
        self.learned = LearnedScalars(0.0, learn_rate)

    def make(self, n_tasks: int) -> Any:
        """RETURNS (Scalarizer): torchjd's."""
        raise NotImplementedError

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Derive with what was learned, then learn: see `LossWeighting`."""
        scalarizer = self.make(len(tasks)).to(device).double()
        (parameter,) = scalarizer.parameters()
        parameter.data.copy_(self.learned.get(tasks, device))
        found = derivative(scalarizer, factors * losses, device)
        self.learned.step(tasks, parameter.grad)
        return found

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What was learned."""
        return {**super().get_state(), "learned": self.learned.get_state()}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state: see `TaskWeighting`."""
        super().set_state(state)
        self.learned.set_state(state["learned"])


class Uncertainty(_LearnedScale):
    """Uncertainty weighting: see `create_uncertainty`."""

    def make(self, n_tasks: int) -> Any:
        """RETURNS (Scalarizer): torchjd's."""
        from torchjd.scalarization import UW

        return UW(n_tasks)


class IMTLL(_LearnedScale):
    """Impartial loss balance: see `create_imtll`."""

    def make(self, n_tasks: int) -> Any:
        """RETURNS (Scalarizer): torchjd's."""
        from torchjd import scalarization

        return scalarization.IMTLL(n_tasks)
