"""GradNorm: weighted gradients of similar length, longer for tasks that lag behind."""

from typing import Any, Dict, Optional

import numpy

from ..registry import register
from ..scaling import lengths
from .learned import LearnedScalars
from .ranges import check_learn_rate, check_not_negative
from .rows import Rows
from .task_weighting import TaskWeighting

# The smallest weight: one step of Adam could make it negative.
_LEAST = 1e-3


@register("mtl_weightings", "spacy_mtl.GradNorm.v1")
class GradNorm(TaskWeighting):
    """Gradient normalization: weighted gradients of similar length.

    The weights are learned so that the norm of each weighted gradient approaches the mean
    norm times (r / mean r) ** alpha, where r is a task's loss relative to its first.

    learn_rate (float): Adam's learning rate for the weights, > 0; 0.025 is usual.
    alpha (float): How much more weight tasks that lag behind get, >= 0.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients. The learned
        weights cancel them in the long run.
    normalize (bool): See `TaskWeighting`. The learned weights have a mean of 1.
    SOURCE: Chen et al. 2018, Algorithm 1, arXiv:1711.02257. Differs: norms are taken at the
        shared representation (or, with gradients = "parameters", of the whole encoder),
        not at the last shared layer's weights.
    """

    needs_losses = True
    libraries = ()

    def __init__(
        self,
        *,
        learn_rate: Optional[float] = None,
        alpha: float = 1.5,
        weights: Dict[str, Any] = {},
        normalize: bool = True,
    ) -> None:
        rate = check_learn_rate("GradNorm", learn_rate)
        check_not_negative("GradNorm", alpha=alpha)
        super().__init__(weights=weights, normalize=normalize)
        self.alpha = alpha
        self.learned = LearnedScalars(1.0, rate)
        self._first: Dict[str, float] = {}

    def weigh(self, rows: Rows) -> numpy.ndarray:
        """Weigh with the learned weights, then update them: see `TaskWeighting`."""
        import torch

        self.note_one(rows)
        learned = self.learned.get(rows.tasks, rows.device).cpu().numpy()
        norms = lengths(rows.gradients) * rows.preferences
        weighted = learned * norms
        # In units of the mean, so that the rate does not depend on the size of the gradients.
        pull = numpy.sign(weighted - weighted.mean() * self._lag(rows)) * norms / weighted.mean()
        self.learned.step(rows.tasks, torch.from_numpy(pull))
        stepped = numpy.maximum(self.learned.get(rows.tasks).cpu().numpy(), _LEAST)
        # The tasks present redistribute the weight they had.
        self.learned.set(rows.tasks, stepped * (learned.sum() / stepped.sum()))
        return learned * rows.preferences

    def note_one(self, rows: Rows) -> None:
        """Remember the first losses: see `TaskWeighting`."""
        for task, loss in zip(rows.tasks, rows.losses.tolist()):
            if loss > 0:
                self._first.setdefault(task, loss)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The weights and the first losses."""
        learned = {"learned": self.learned.get_state(), "first": dict(self._first)}
        return {**super().get_state(), **learned}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state: see `TaskWeighting`."""
        super().set_state(state)
        self.learned.set_state(state["learned"])
        self._first = dict(state["first"])

    def _lag(self, rows: Rows) -> numpy.ndarray:
        rates = [
            loss / self._first[task] if loss > 0 else 1.0
            for task, loss in zip(rows.tasks, rows.losses.tolist())
        ]
        return (numpy.asarray(rates) / numpy.mean(rates)) ** self.alpha
