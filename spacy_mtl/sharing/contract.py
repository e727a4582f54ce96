"""The contract between a sharing scheme and the joint component.

A scheme is the model of `mtl`. Its ref "tok2vec" is the trunk, which turns documents into
features, the last thing all tasks have in common. Its ref "sharing" turns the features into each
task's view. The backward pass of "sharing" is called once per task, with the gradient of only that
task's view, and once more for any auxiliary losses.

Everything else is asked of its `Scheme`.
"""

from typing import Any, Dict, List, Optional, Sequence, Tuple

from thinc.api import Model

from ..parameters import Slot, slots_of_model, unique
from ..types import Annotated, Features, StepReport, StructureTable

#: The prefix of refs to layers that belong to a single task.
PRIVATE = "private:"
#: The attribute of the sharing layer that keeps its `Scheme`, if no shim is one.
_SCHEME = "scheme"


class Scheme:
    """What the joint component asks of a scheme besides its views.

    The base class is that of a scheme with a single view, the same for all tasks, without settings
    or state.
    """

    #: Whether views differ from the shared representation (`doc.tensor`).
    has_own_views = False
    #: Whether `Features.annotated` must be filled in training.
    needs_annotation = False
    #: Whether views need the encoder: they can't be made from `doc.tensor`.
    is_inside = False
    #: Whether a view costs so much that those of tasks that skip a batch are left out. Auxiliary
    #: losses don't see these tasks then.
    has_costly_views = False
    #: Whether its layers start from those of the encoder, so that they learn at the same rate.
    is_pretrained = False

    def connect(self, tok2vec: Model) -> None:
        """Get to know the encoder, before it is initialized or loaded.

        tok2vec (Model[List[Doc], Features]): The trunk that makes the features.
        """

    # The tasks.

    @property
    def tasks(self) -> List[str]:
        """RETURNS (List[str]): The tasks it knows, also those whose heads were left out."""
        return []

    def set_tasks(self, tasks: Sequence[str]) -> None:
        """Set the tasks, before the scheme is initialized: it starts over with these.

        tasks (Sequence[str]): The tasks of the pipeline, in pipeline order.
        """

    def add_task(self, task: str) -> None:
        """Add a task, also to a trained scheme. Does nothing if the task is known.

        task (str): The name of the task.
        """

    def rename_task(self, old: str, new: str) -> None:
        """Rename a task, with all its parts. Does nothing if the old name is unknown.

        old (str): The name so far.
        new (str): A name that no other task has.
        """

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Refuse tasks to be trained on, once the scheme is initialized.

        tasks (Sequence[str]): The tasks of the pipeline, in pipeline order.
        RAISES (ValueError): If the scheme or its settings don't fit them.
        """

    def view_width(self, task: str) -> Optional[int]:
        """RETURNS (Optional[int]): The width of a task's view. None: as the features."""
        return None

    def private(self, slots: Sequence[Slot]) -> Dict[str, List[Slot]]:
        """Find the parameters that only one task uses, beside those of layers set by `set_private`.

        slots (Sequence[Slot]): The parameters of the sharing layer.
        RETURNS (Dict[str, List[Slot]]): Some of them, by task.
        """
        return {}

    def auxiliary(self, slots: Sequence[Slot]) -> List[Slot]:
        """Find the parameters that no task uses, but only auxiliary losses.

        slots (Sequence[Slot]): The parameters of the sharing layer.
        RETURNS (List[Slot]): Some of them.
        """
        return []

    def borrowed(self, tok2vec: Model) -> List[Slot]:
        """Find the parameters of the encoder that views use, beside the features made by it.

        tok2vec (Model[List[Doc], Features]): The trunk with the encoder.
        RETURNS (List[Slot]): The parameters. They are shared, like those of the sharing layer.
        """
        return []

    # The computation.

    def set_precision(self, precision: str) -> None:
        """Set the numeric precision of the encoder, for the scheme to use the same.

        precision (str): One of `encoder.precision.PRECISIONS`.
        """

    def strengths(self) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): The weight of each auxiliary loss in the next step.

        Leave out losses that are switched off for good: each has a column in the log.
        """
        return {}

    def stand_alone(self) -> None:
        """Prepare for use outside of a joint component, where a view is used alone.

        Nobody adds auxiliary losses there, or closes steps.
        """

    # The state. Saved with the pipeline. Schedules advance with closed steps, never with forward
    # passes.

    def note_annotated(self, annotated: Sequence[Annotated]) -> None:
        """Look at the batches of all ranks, before the forward pass of a step on several.

        Only called if the scheme `needs_annotation`.

        annotated (Sequence[Annotated]): Their annotation, by rank.
        """

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

    def structure(self) -> List[StructureTable]:
        """RETURNS (List[StructureTable]): What it has learned about the tasks, as tables."""
        return []

    def relations(self) -> Dict[str, Dict[str, float]]:
        """Look up how the tasks are related, if that is learned.

        RETURNS (Dict[str, Dict[str, float]]): The correlation of each task with each task.
        RAISES (ValueError): If the scheme learns no relations.
        """
        raise no_relations("This sharing scheme")


def no_relations(scheme: str) -> ValueError:
    """Make the error of schemes that learn no relations.

    scheme (str): The subject of the sentence.
    RETURNS (ValueError): The error.
    """
    return ValueError(
        f"{scheme} learns no relations of the tasks. Set "
        '@architectures = "spacy_mtl.TaskRelation.v1" in the block [components.NAME.model] of the '
        "joint component, and train the pipeline with it. What another scheme has learned is in "
        "MultiTask.structure()."
    )


def set_scheme(sharing: Model, scheme: Scheme) -> None:
    """Set the `Scheme` of a layer that makes views.

    sharing (Model): The layer.
    scheme (Scheme): The scheme.
    """
    sharing.attrs[_SCHEME] = scheme


def scheme_of(sharing: Model) -> Scheme:
    """RETURNS (Scheme): The scheme that was set, or the layer's shim, or the base class's."""
    of_shims = (shim for shim in sharing.shims if isinstance(shim, Scheme))
    return sharing.attrs.get(_SCHEME) or next(of_shims, None) or Scheme()


def set_private(sharing: Model, task: str, layer: Model) -> None:
    """Declare that a layer, with all its sublayers, is only used by one task.

    sharing (Model): The layer that makes views.
    task (str): The name of the task.
    layer (Model): A layer somewhere inside `sharing`.
    RAISES (ValueError): If the task has another layer already.
    """
    name = f"{PRIVATE}{task}"
    known = sharing.get_ref(name) if sharing.has_ref(name) else layer
    if known is not layer:
        raise ValueError(
            f"The task '{task}' already has a private layer, '{known.name}', so '{layer.name}' "
            "can't be another. Put all layers of a task into one, such as a thinc.api.chain, and "
            "call set_private once."
        )
    sharing.set_ref(name, layer)


def private_slots(sharing: Model) -> Dict[str, List[Slot]]:
    """RETURNS (Dict[str, List[Slot]]): The parameters that only one task uses, by task."""
    found = {
        name.removeprefix(PRIVATE): unique(slots_of_model(sharing.get_ref(name)))
        for name in sharing.ref_names
        if name.startswith(PRIVATE) and sharing.has_ref(name)
    }
    for task, slots in scheme_of(sharing).private(unique(slots_of_model(sharing))).items():
        found[task] = [*found.get(task, []), *slots]
    return found


def shared_slots(sharing: Model) -> List[Slot]:
    """RETURNS (List[Slot]): The parameters of a scheme that several tasks use."""
    return split_slots(sharing)[0]


def split_slots(sharing: Model) -> Tuple[List[Slot], List[Slot]]:
    """Split the parameters of a scheme by who uses them.

    sharing (Model): The layer that makes views.
    RETURNS (Tuple[List[Slot], List[Slot]]): Those that several tasks use, and those of one each.
        Those that only auxiliary losses use are in neither.
    """
    slots = unique(slots_of_model(sharing))
    private = [slot for of_task in private_slots(sharing).values() for slot in of_task]
    others = {slot.identity for slot in (*private, *scheme_of(sharing).auxiliary(slots))}
    return [slot for slot in slots if slot.identity not in others], private


def as_features(found: Any) -> Features:
    """RETURNS (Features): A trunk's output as features. Plain vectors are wrapped."""
    return found if isinstance(found, Features) else Features(found)
