"""Fixed task weights from the config, or scheduled ones."""

from typing import Any, Dict, Sequence

from thinc.api import get_array_module
from thinc.types import Floats2d

from ..registry import register
from ..types import Combined, Weighting
from .preferences import Preferences, check_step


@register("mtl_weightings", "spacy_mtl.Constant.v1")
def create_constant(weights: Dict[str, Any] = {}) -> Weighting:
    """Create a weighted sum of the task losses.

    weights (Dict[str, Union[float, Iterable[float]]]): The weight of each task's loss by
        the name of its head in the pipeline, finite and >= 0, or a schedule of such
        numbers, one a step. A task that is not named has 1.0.
    RAISES (ValueError): If a weight is not such a number.
    """
    return Constant(weights)


class Constant(Weighting):
    """A sum of the task losses with the weights of the config, as they are."""

    needs_losses = False

    def __init__(self, weights: Dict[str, Any]) -> None:
        self.weights = Preferences(weights)
        self._step = 0

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Add up the weighted gradients: see `Weighting`."""
        xp = get_array_module(gradients)
        weights = self.weights.at(self._step, losses)
        self._step += 1
        row = xp.asarray(list(weights.values()), dtype=gradients.dtype)
        return Combined(gradient=row @ gradients, weights=weights)

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Refuse a weight for a task that the pipeline does not have: see `Weighting`."""
        self.weights.check_tasks(tasks)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The step, for schedules."""
        return {"step": self._step}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave."""
        self._step = check_step(state["step"])
