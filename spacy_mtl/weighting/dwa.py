"""Dynamic weight average: tasks that learn slowly get more weight."""

from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional, Sequence

import numpy

from ..registry import register
from .by_losses import LossWeighting
from .formulas import derivative
from .ranges import check_positive


@dataclass
class _History:
    """A task's losses: the sum of this epoch and the means of the last two."""

    total: float = 0.0
    n_steps: int = 0
    last: Optional[float] = None
    before: Optional[float] = None


@register("mtl_weightings", "spacy_mtl.DWA.v1")
class DWA(LossWeighting):
    """Dynamic weight average: softmax of the ratios of a task's last two mean losses.

    every (int): The steps of what the paper calls an epoch, >= 1. Only steps with the task
        count. For the first two epochs the weights are equal.
    temperature (float): The temperature of the softmax, > 0.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the weights.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Liu et al. 2019, Eq. 7, arXiv:1803.10704.
    """

    def __init__(
        self,
        *,
        every: int = 100,
        temperature: float = 2.0,
        weights: Dict[str, Any] = {},
        normalize: bool = True,
    ) -> None:
        check_positive("DWA", every=every, temperature=temperature)
        super().__init__(weights=weights, normalize=normalize)
        self.every = every
        self.temperature = temperature
        self._histories: Dict[str, _History] = {}

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Weigh by the history, then remember: see `LossWeighting`.

        A task without two full epochs has 1 and is left out of the softmax.
        """
        histories = [self._histories.setdefault(task, _History()) for task in tasks]
        weights = numpy.ones(len(tasks))
        ready = [i for i, history in enumerate(histories) if history.before is not None]
        if ready:
            weights[ready] = self._weigh([histories[i] for i in ready], losses[ready])
        for history, loss in zip(histories, losses.tolist()):
            history.total += loss
            history.n_steps += 1
            if history.n_steps >= self.every:
                history.before = history.last
                history.last = history.total / history.n_steps
                history.total, history.n_steps = 0.0, 0
        return weights

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The histories."""
        histories = {task: asdict(history) for task, history in self._histories.items()}
        return {**super().get_state(), "histories": histories}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state: see `TaskWeighting`."""
        super().set_state(state)
        self._histories = {task: _History(**h) for task, h in state["histories"].items()}

    def _weigh(self, histories: Sequence[_History], losses: numpy.ndarray) -> numpy.ndarray:
        import torch
        from torchjd import scalarization

        scalarizer = scalarization.DWA(self.temperature)
        # Two epochs of one batch each: torchjd keeps means by position, we keep them by task.
        for means in ([h.before for h in histories], [h.last for h in histories]):
            scalarizer(torch.tensor(means, dtype=torch.float64))
            scalarizer.step()
        return derivative(scalarizer, losses, "cpu")
