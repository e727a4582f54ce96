"""Draws by what is left of the losses."""

from typing import Any, Dict

from ...registry import register
from ...types import Progress, Schedule
from .checks import check_between


@register("mtl_schedules", "spacy_mtl.ByLoss.v1")
def create_by_loss(power: float = 1.0, decay: float = 0.98, least: float = 0.05) -> Schedule:
    """Create a schedule that gives more to corpora whose tasks have learned less.

    A corpus is drawn by its relative loss: what is left of the first loss of its tasks, the
    mean over them. One that has not been drawn yet has 1.

    power (float): To which the relative loss is raised, in [0, 10]. 0 is Uniform.
    decay (float): How much of the moving average of a loss is kept at each step of its
        task, in [0, 1).
    least (float): No share is below this times the largest, in [0, 1].
    SOURCE: the inverse training rate of Chen et al. 2018, section 3.1, arXiv:1711.02257, for
        shares instead of weights.
    """
    check_between("ByLoss", 0, 10, power=power)
    check_between("ByLoss", 0, 0.999999, decay=decay)
    check_between("ByLoss", 0, 1, least=least)
    return ByLoss(power, decay, least)


class ByLoss(Schedule):
    """By what is left of the loss: see `create_by_loss`."""

    needs_losses = True

    def __init__(self, power: float, decay: float, least: float) -> None:
        self.power, self.decay, self.least = power, decay, least
        self._first: Dict[str, float] = {}
        self._mean: Dict[str, float] = {}

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Weigh what is left: see `Schedule`."""
        shares = {}
        for corpus, tasks in progress.tasks.items():
            left = [self._mean[t] / self._first[t] if t in self._first else 1.0 for t in tasks]
            shares[corpus] = (sum(left) / len(left)) ** self.power
        least = self.least * max(shares.values())
        return {corpus: max(share, least) for corpus, share in shares.items()}

    def observe_losses(self, losses: Dict[str, float]) -> None:
        """Take note of the losses of a step: see `Schedule`."""
        for task, loss in losses.items():
            if loss > 0:
                self._first.setdefault(task, loss)
                before = self._mean.get(task, loss)
                self._mean[task] = self.decay * before + (1 - self.decay) * loss

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The first losses and the averages."""
        return {"first": dict(self._first), "mean": dict(self._mean)}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave."""
        self._first, self._mean = dict(state["first"]), dict(state["mean"])
