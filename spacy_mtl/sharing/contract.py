"""The contract between a sharing scheme and the joint component.

A scheme is the model of `mtl`. Its ref "tok2vec" is the trunk, which turns documents into
features, the last thing all tasks have in common. Its ref "sharing" turns the features into each
task's view. The backward pass of "sharing" is called once per task, with the gradient of only that
task's view, and once more for any auxiliary losses.
"""

from typing import Any, Dict, List, Tuple

from thinc.api import Model

from ..parameters import Slot, slots_of_model, unique
from ..types import Features, StepReport

#: The prefix of refs to layers that belong to a single task.
PRIVATE = "private:"
#: The attribute of the sharing layer that keeps its `SchemeState`.
_STATE = "scheme_state"


class SchemeState:
    """A scheme's state besides its parameters. The base class has none.

    It is saved with the pipeline. Schedules advance with closed steps, never with forward passes.
    """

    def strengths(self) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): The weight of each auxiliary loss in the next step."""
        return {}

    def note_closed(self, report: StepReport) -> None:
        """Update the state after a step has closed.

        report (StepReport): The report of the step.
        """

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The state: numbers, strings, lists, dicts and numpy arrays."""
        return {}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Restore a saved state.

        state (Dict[str, Any]): The result of `get_state`.
        """


def set_scheme_state(sharing: Model, state: SchemeState) -> None:
    """Set the state of a scheme.

    sharing (Model): The layer that makes views.
    state (SchemeState): The state.
    """
    sharing.attrs[_STATE] = state


def scheme_state(sharing: Model) -> SchemeState:
    """RETURNS (SchemeState): The state of a scheme, or an empty one."""
    return sharing.attrs.get(_STATE) or SchemeState()


def set_private(sharing: Model, task: str, layer: Model) -> None:
    """Declare that a layer, with all its sublayers, is only used by one task.

    sharing (Model): The layer that makes views.
    task (str): The name of the task.
    layer (Model): A layer somewhere inside `sharing`.
    """
    sharing.set_ref(f"{PRIVATE}{task}", layer)


def private_slots(sharing: Model) -> Dict[str, List[Slot]]:
    """RETURNS (Dict[str, List[Slot]]): The parameters that only one task uses, by task."""
    return {
        name.removeprefix(PRIVATE): unique(slots_of_model(sharing.get_ref(name)))
        for name in sharing.ref_names
        if name.startswith(PRIVATE) and sharing.has_ref(name)
    }


def shared_slots(sharing: Model) -> List[Slot]:
    """RETURNS (List[Slot]): The parameters of a scheme that several tasks use."""
    return split_slots(sharing)[0]


def split_slots(sharing: Model) -> Tuple[List[Slot], List[Slot]]:
    """Split the parameters of a scheme by who uses them.

    sharing (Model): The layer that makes views.
    RETURNS (Tuple[List[Slot], List[Slot]]): Those that several tasks use, and those of one each.
    """
    private = [slot for slots in private_slots(sharing).values() for slot in slots]
    own = {slot.identity for slot in private}
    shared = [slot for slot in unique(slots_of_model(sharing)) if slot.identity not in own]
    return shared, private


def as_features(found: Any) -> Features:
    """RETURNS (Features): A trunk's output as features. Plain vectors are wrapped."""
    return found if isinstance(found, Features) else Features(found)
