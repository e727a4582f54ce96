"""FAMO: all losses should fall at the same rate."""

from typing import Any, Dict, Mapping, Optional, Sequence

import numpy

from ..compat.torchjd import set_logits
from ..registry import register
from .by_losses import LossWeighting
from .formulas import derivative
from .learned import LearnedScalars
from .ranges import check_learn_rate, check_not_negative
from .rows import Rows

# As in torchjd, inside the logarithm.
_EPSILON = 1e-8


@register("mtl_weightings", "spacy_mtl.FAMO.v1")
class FAMO(LossWeighting):
    """Fast adaptive multitask optimization: all losses should fall at the same rate.

    After each step it measures how far each loss has fallen. The losses after the step are
    recomputed on the same batch (`recompute`), or taken from the task's next batch: a deviation
    from the paper that costs nothing but has the noise of two batches (and measures only noise
    between two batches of one optimizer step, with `accumulate_gradient`).

    learn_rate (float): Adam's learning rate for the logits, > 0; the paper has 0.025.
    weight_decay (float): The weight decay of the logits, >= 0.
    recompute (bool): Whether to run encoder and heads on each batch again after the
        optimizer's step, which takes about a third of a step's time.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the losses. They cancel:
        only 0 has an effect on the direction.
    normalize (bool): See `TaskWeighting`. The published weights sum to 1.
    SOURCE: Liu et al. 2023, Algorithm 2, arXiv:2306.03792.
    """

    def __init__(
        self,
        *,
        learn_rate: Optional[float] = None,
        weight_decay: float = 0.001,
        recompute: bool = False,
        weights: Dict[str, Any] = {},
        normalize: bool = True,
    ) -> None:
        rate = check_learn_rate("FAMO", learn_rate)
        check_not_negative("FAMO", weight_decay=weight_decay)
        super().__init__(weights=weights, normalize=normalize)
        self.recompute = recompute
        self.learned = LearnedScalars(0.0, rate, weight_decay)
        self._before: Dict[str, float] = {}

    def weigh(self, rows: Rows) -> numpy.ndarray:
        """Learn from the last step, then weigh: see `TaskWeighting`."""
        losses = dict(zip(rows.tasks, rows.losses.tolist()))
        if not self.recompute:
            self.observe(losses)
        weights = super().weigh(rows)
        self._before.update({task: loss for task, loss in losses.items() if loss > 0})
        return weights

    def derive(
        self, tasks: Sequence[str], losses: numpy.ndarray, factors: numpy.ndarray, device: Any
    ) -> numpy.ndarray:
        """Differentiate the sum of logarithms: see `LossWeighting`."""
        from torchjd import scalarization

        scalarizer = scalarization.FAMO(len(tasks)).to(device).double()
        set_logits(scalarizer, self.learned.get(tasks, device))
        return derivative(scalarizer, factors * losses, device)

    def observe(self, losses: Mapping[str, float]) -> None:
        """Learn from the losses after a step.

        losses (Mapping[str, float]): The losses by task, of the same batch as before the
            step or of another. Those that are not > 0 are skipped.
        """
        import torch

        tasks = [task for task, loss in losses.items() if task in self._before and loss > 0]
        if not tasks:
            return
        after = torch.tensor([losses[task] for task in tasks], dtype=torch.float64)
        before = torch.tensor([self._before.pop(task) for task in tasks], dtype=torch.float64)
        fall = torch.log(before + _EPSILON) - torch.log(after + _EPSILON)
        shares = torch.softmax(self.learned.get(tasks).cpu(), dim=0)
        # The derivative of shares @ fall by the logits.
        self.learned.step(tasks, shares * (fall - shares @ fall))

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The logits, and the losses still to be compared."""
        learned = {"learned": self.learned.get_state(), "before": dict(self._before)}
        return {**super().get_state(), **learned}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state: see `TaskWeighting`."""
        super().set_state(state)
        self.learned.set_state(state["learned"])
        self._before = dict(state["before"])
