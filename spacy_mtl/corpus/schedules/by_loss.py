"""Draw corpora by the remaining loss of their tasks."""

from typing import Any, Dict

from ...registry import register
from ...types import Progress, Schedule
from .checks import check_between


@register("mtl_schedules", "spacy_mtl.ByLoss.v1")
def create_by_loss(power: float = 1.0, decay: float = 0.98, least: float = 0.05) -> Schedule:
    """Draw corpora more often, the less their tasks have learned.

    A corpus is drawn by its relative loss: the current loss of its tasks divided by their first
    loss, averaged over the tasks. It is 1 for a corpus that hasn't been drawn yet.

    power (float): Exponent of the relative loss, in [0, 10]. 0 is Uniform.
    decay (float): How much of a loss's moving average to keep at each step of its task,
        in [0, 1).
    least (float): The smallest share, relative to the largest, in [0, 1].
    SOURCE: Chen et al. 2018, section 3.1, arXiv:1711.02257: the inverse training rate, for
        shares instead of weights.
    """
    check_between("ByLoss", 0, 10, power=power)
    check_between("ByLoss", 0, 0.999999, decay=decay)
    check_between("ByLoss", 0, 1, least=least)
    return ByLoss(power, decay, least)


class ByLoss(Schedule):
    """Draws by remaining loss: see `create_by_loss`."""

    needs_losses = True

    def __init__(self, power: float, decay: float, least: float) -> None:
        self.power, self.decay, self.least = power, decay, least
        self._first: Dict[str, float] = {}
        self._mean: Dict[str, float] = {}

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Compute shares from the remaining losses: see `Schedule`."""
        shares = {}
        for corpus, tasks in progress.tasks.items():
            left = [self._mean[t] / self._first[t] if t in self._first else 1.0 for t in tasks]
            shares[corpus] = (sum(left) / len(left)) ** self.power
        least = self.least * max(shares.values())
        return {corpus: max(share, least) for corpus, share in shares.items()}

    def observe_losses(self, losses: Dict[str, float]) -> None:
        """Record the losses of a step: see `Schedule`."""
        for task, loss in losses.items():
            if loss > 0:
                self._first.setdefault(task, loss)
                before = self._mean.get(task, loss)
                self._mean[task] = self.decay * before + (1 - self.decay) * loss

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The first losses and the averages."""
        return {"first": dict(self._first), "mean": dict(self._mean)}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state returned by `get_state`."""
        self._first, self._mean = dict(state["first"]), dict(state["mean"])
