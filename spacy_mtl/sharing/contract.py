"""What a sharing scheme and the joint component ask of each other.

A scheme is the model of `mtl`. Its ref "tok2vec" is the trunk: from documents to features, the
last thing that all tasks have in common. Its ref "sharing" gives each task its view of them. The
backward pass of the latter is called once a task, with the gradient of that task's view alone, and
once more for the auxiliary losses.
"""

from typing import Any, Dict, List

from thinc.api import Model

from ..parameters import Slot, slots_of_model, unique
from ..types import Features, StepReport

#: What the name of a ref begins with that names the layers of one task.
PRIVATE = "private:"
#: The attribute of the sharing layer that keeps its `SchemeState`.
_STATE = "scheme_state"


class SchemeState:
    """What a scheme knows beside its parameters. The base class has nothing to know.

    It is saved with the pipeline. Schedules advance by closed steps, never by forward passes.
    """

    def strengths(self) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): The weight of each auxiliary loss in the next step."""
        return {}

    def note_closed(self, report: StepReport) -> None:
        """Take note that a step has closed.

        report (StepReport): What it has done.
        """

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Of numbers, strings, lists, dicts and arrays of numpy."""
        return {}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state that `get_state` gave.

        state (Dict[str, Any]): The state.
        """


def set_scheme_state(sharing: Model, state: SchemeState) -> None:
    """Give a scheme a state.

    sharing (Model): The layer that makes views.
    state (SchemeState): Its state.
    """
    sharing.attrs[_STATE] = state


def scheme_state(sharing: Model) -> SchemeState:
    """RETURNS (SchemeState): That of a scheme, or one that knows nothing."""
    return sharing.attrs.get(_STATE) or SchemeState()


def set_private(sharing: Model, task: str, layer: Model) -> None:
    """Declare a layer, with all in it, to be of one task: nobody else reads what it computes.

    sharing (Model): The layer that makes views.
    task (str): The task.
    layer (Model): One of its layers, or of theirs.
    """
    sharing.set_ref(f"{PRIVATE}{task}", layer)


def private_slots(sharing: Model) -> Dict[str, List[Slot]]:
    """RETURNS (Dict[str, List[Slot]]): The parameters that are of one task, by task."""
    return {
        name.removeprefix(PRIVATE): unique(slots_of_model(sharing.get_ref(name)))
        for name in sharing.ref_names
        if name.startswith(PRIVATE) and sharing.has_ref(name)
    }


def shared_slots(sharing: Model) -> List[Slot]:
    """RETURNS (List[Slot]): The parameters of a scheme that more than one task uses."""
    private = {slot.identity for slots in private_slots(sharing).values() for slot in slots}
    return [slot for slot in unique(slots_of_model(sharing)) if slot.identity not in private]


def as_features(found: Any) -> Features:
    """RETURNS (Features): What a trunk gives: plain vectors become features."""
    return found if isinstance(found, Features) else Features(found)
