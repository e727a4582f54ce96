"""What the joint component keeps between steps, and which parts of it are saved."""

from copy import deepcopy
from typing import Any, Dict, Optional

from thinc.api import Model

from ..plain import as_weighting
from ..sharing.contract import scheme_of
from ..types import StepReport, Weighting
from .contract import check_weighting
from .gramians import Gramians
from .lookback import Lookback
from .pipeline import Pipeline
from .state import get_state, pack, set_state
from .step import JointStep


class Memory:
    """The weighting and what it has learned, late losses, and the sharing scheme's state.

    weighting (Any): Combines the tasks' gradients. Anything that `as_weighting` takes.
    pipeline (Pipeline): The pipeline around the joint component.
    """

    def __init__(self, weighting: Any, pipeline: Pipeline) -> None:
        self._component = pipeline.name
        self._sharing: Model = pipeline.model.get_ref("sharing")
        #: Losses of stock components, by task, that arrived after their step had closed.
        self.late_losses: Dict[str, float] = {}
        #: What was measured of the tasks' gradients at the parameters.
        self.gramians = Gramians()
        self.weighting = weighting
        self._untrained = deepcopy(get_state(self.weighting))

    @property
    def weighting(self) -> Weighting:
        """RETURNS (Weighting): Combines the tasks' gradients."""
        return self._weighting

    @weighting.setter
    def weighting(self, weighting: Any) -> None:
        self._weighting: Weighting = as_weighting(weighting)
        check_weighting(self._weighting, self._component)
        self.lookback = Lookback(self._weighting) if self._weighting.recompute else None

    @property
    def weigher(self) -> Weighting:
        """RETURNS (Weighting): What a step calls: the weighting, or the `Lookback` around it."""
        return self.lookback or self._weighting

    def look_back(self, pipeline: Pipeline) -> None:
        """Show the weighting how the last step changed the losses, if it asks for that.

        pipeline (Pipeline): The pipeline around the joint component.
        """
        if self.lookback is not None:
            self.lookback.look(pipeline)

    def note_closed(self, report: StepReport, step: Optional[JointStep]) -> None:
        """Update the scheme's state, and keep the step if the weighting looks back.

        report (StepReport): The report of the step.
        step (Optional[JointStep]): The step that has closed.
        """
        scheme_of(self._sharing).note_closed(report)
        if self.lookback is not None and step is not None:
            self.lookback.note_closed(step, list(report.losses))

    def note_applied(self) -> None:
        """Record that the optimizer has used the gradients so far."""
        if self.lookback is not None:
            self.lookback.note_applied()

    def forget(self) -> None:
        """Reset the weighting, what it looks at, and late losses to their state before training."""
        self.late_losses.clear()
        self.gramians = Gramians()
        set_state(self.weighting, deepcopy(self._untrained))
        # This also makes a new lookback, which has seen no step.
        self.weighting = self._weighting

    def to_bytes(self, step: Optional[JointStep]) -> bytes:
        """Pack the state that is saved with the pipeline.

        step (Optional[JointStep]): The last step. More losses may have arrived since it closed.
        RETURNS (bytes): The packed state. Unpack it for `from_state`.
        """
        if step is not None and step.is_closed:
            step.note_late_losses()
        unobserved = [] if self.lookback is None else self.lookback.get_unobserved()
        state: Dict[str, Any] = {
            "weighting": get_state(self.weighting),
            "step": {"late_losses": dict(self.late_losses), "unobserved": unobserved},
        }
        if self.gramians.is_used:
            state["gramians"] = self.gramians.get_state()
        of_scheme = scheme_of(self._sharing).get_state()
        if of_scheme:
            state["sharing"] = of_scheme
        return pack(state, self.weighting)

    def from_state(self, state: Dict[str, Any]) -> None:
        """Restore a saved state.

        state (Dict[str, Any]): The unpacked result of `to_bytes`.
        """
        set_state(self.weighting, state["weighting"])
        late_losses = dict(state["step"]["late_losses"])
        # Update in place: an open step holds the same dict.
        self.late_losses.clear()
        self.late_losses.update(late_losses)
        unobserved = list(state["step"]["unobserved"])
        if self.lookback is not None:
            self.lookback.set_unobserved(unobserved)
        self.gramians = Gramians()
        if state.get("gramians"):
            self.gramians.set_state(state["gramians"])
        if state.get("sharing"):
            scheme_of(self._sharing).set_state(state["sharing"])
