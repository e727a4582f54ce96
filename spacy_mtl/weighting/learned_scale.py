"""Scalarizations with one learned number per task."""

from typing import Any, Dict, Optional, Sequence

import numpy

from .by_losses import LossWeighting
from .formulas import derivative
from .learned import LearnedScalars
from .ranges import check_learn_rate


class LearnedScale(LossWeighting):
    """A scalarization with one learned number per task, which torchjd starts at 0.

    learn_rate (float): Adam's learning rate for the numbers, > 0; 0.025 is usual.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses. The learned
        numbers cancel them in the long run.
    normalize (bool): See `TaskWeighting`.
    """

    def __init__(
        self,
        *,
        learn_rate: Optional[float] = None,
        weights: Dict[str, Any] = {},
        normalize: bool = True,
    ) -> None:
        self.learned = LearnedScalars(0.0, check_learn_rate(self.title, learn_rate))
        super().__init__(weights=weights, normalize=normalize)

    def make(self, n_tasks: int) -> Any:
        """RETURNS (Scalarizer): torchjd's scalarizer."""
        raise NotImplementedError

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Differentiate with the learned numbers, then update them: see `LossWeighting`."""
        scalarizer = self.make(len(tasks)).to(device).double()
        (parameter,) = scalarizer.parameters()
        parameter.data.copy_(self.learned.get(tasks, device))
        found = derivative(scalarizer, factors * losses, device)
        self.learned.step(tasks, parameter.grad)
        return found

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The learned numbers."""
        return {**super().get_state(), "learned": self.learned.get_state()}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state: see `TaskWeighting`."""
        super().set_state(state)
        self.learned.set_state(state["learned"])
