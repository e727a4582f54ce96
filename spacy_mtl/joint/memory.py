"""What the joint component keeps from one step to the next, and what it saves of that."""

from copy import deepcopy
from typing import Any, Dict, Optional

from thinc.api import Model

from ..plain import as_weighting
from ..sharing.contract import scheme_state
from ..types import StepReport, Weighting
from .contract import check_weighting
from .lookback import Lookback
from .pipeline import Pipeline
from .state import get_state, pack, set_state
from .step import JointStep


class Memory:
    """The weighting and what it has learned, late losses, and the state of the sharing scheme.

    weighting (Any): What combines the tasks' gradients: see `as_weighting`.
    pipeline (Pipeline): The pipeline around the joint component.
    """

    def __init__(self, weighting: Any, pipeline: Pipeline) -> None:
        self._component = pipeline.name
        self._sharing: Model = pipeline.model.get_ref("sharing")
        #: Losses of stock components, by task, that came after their step had closed.
        self.late_losses: Dict[str, float] = {}
        self.weighting = weighting
        self._untrained = deepcopy(get_state(self.weighting))

    @property
    def weighting(self) -> Weighting:
        """RETURNS (Weighting): What combines the tasks' gradients."""
        return self._weighting

    @weighting.setter
    def weighting(self, weighting: Any) -> None:
        self._weighting: Weighting = as_weighting(weighting)
        check_weighting(self._weighting, self._component)
        self.lookback = Lookback(self._weighting) if self._weighting.recompute else None

    @property
    def weigher(self) -> Weighting:
        """RETURNS (Weighting): The weighting, which is told of losses first if it asks for them."""
        return self.lookback or self._weighting

    def look_back(self, pipeline: Pipeline) -> None:
        """Tell a weighting that asks what the last step has done to the losses.

        pipeline (Pipeline): The pipeline around the joint component.
        """
        if self.lookback is not None:
            self.lookback.look(pipeline)

    def note_closed(self, report: StepReport, step: Optional[JointStep]) -> None:
        """Take note that a step has closed.

        report (StepReport): What it has done.
        step (Optional[JointStep]): The step.
        """
        scheme_state(self._sharing).note_closed(report)
        if self.lookback is not None and step is not None:
            self.lookback.note_closed(step, list(report.losses))

    def note_applied(self) -> None:
        """Take note that the optimizer has used the gradients so far."""
        if self.lookback is not None:
            self.lookback.note_applied()

    def forget(self) -> None:
        """Start again as before training."""
        self.late_losses.clear()
        set_state(self.weighting, deepcopy(self._untrained))
        # With a new lookback, which has seen no step.
        self.weighting = self._weighting

    def to_bytes(self, step: Optional[JointStep]) -> bytes:
        """Pack what is saved with the pipeline.

        step (Optional[JointStep]): The last step. Losses may have come since it closed.
        RETURNS (bytes): For `from_state`, once unpacked.
        """
        if step is not None and step.is_closed:
            step.note_late_losses()
        unobserved = [] if self.lookback is None else self.lookback.get_unobserved()
        state: Dict[str, Any] = {
            "weighting": get_state(self.weighting),
            "step": {"late_losses": dict(self.late_losses), "unobserved": unobserved},
        }
        of_scheme = scheme_state(self._sharing).get_state()
        if of_scheme:
            state["sharing"] = of_scheme
        return pack(state, self.weighting)

    def from_state(self, state: Dict[str, Any]) -> None:
        """Continue from what `to_bytes` packed.

        state (Dict[str, Any]): The state.
        """
        set_state(self.weighting, state["weighting"])
        late_losses = dict(state["step"]["late_losses"])
        # In place: an open step has the same dict.
        self.late_losses.clear()
        self.late_losses.update(late_losses)
        unobserved = list(state["step"]["unobserved"])
        if self.lookback is not None:
            self.lookback.set_unobserved(unobserved)
        if state.get("sharing"):
            scheme_state(self._sharing).set_state(state["sharing"])
