"""Fixed or scheduled task weights from the config."""

from typing import Any, Dict, Sequence

from thinc.api import get_array_module
from thinc.types import Floats2d

from ..registry import register
from ..types import Combined, Weighting
from .preferences import Preferences, check_step


@register("mtl_weightings", "spacy_mtl.Constant.v1")
class Constant(Weighting):
    """A weighted sum of the task losses, with the weights from the config.

    weights (Dict[str, Union[float, Iterable[float]]]): The weight of each task's loss by
        the name of its head in the pipeline, finite and >= 0, or a schedule of such
        numbers, one per step. Other tasks have 1.0.
    RAISES (ValueError): If a weight is neither.
    """

    needs_losses = False

    def __init__(self, *, weights: Dict[str, Any] = {}) -> None:
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
        """Reject weights for unknown tasks: see `Weighting`."""
        self.weights.check_tasks(tasks)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The step, for schedules."""
        return {"step": self._step}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state that `get_state` returned."""
        self._step = check_step(state["step"])
