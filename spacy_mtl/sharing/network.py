"""The torch network of a sharing scheme: from the shared representation to each task's view."""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import torch
from torch import Tensor

from ..registry import block_of
from ..scheduled import Number, number_at
from ..types import Annotated, StructureTable
from .contract import no_relations


@dataclass(frozen=True)
class Batch:
    """What a network knows about a batch besides its vectors.

    lengths (List[int]): The number of tokens of each document. May be 0.
    annotated (Optional[Annotated]): The annotation of the documents, in training, if the network
        asks for it.
    context (Any): What goes along with the features: see `Features`.
    """

    lengths: List[int]
    annotated: Optional[Annotated] = None
    context: Any = None


class SharingNetwork(torch.nn.Module):
    """The base class of the networks of sharing schemes.

    A subclass creates its shared parts in `__init__`, and the parts of a task in `add_task`. Tasks
    are added one by one, also to a trained network, so nothing that exists may change its name,
    shape or value then. Values per pair of tasks are therefore parameters (or entries of buffers)
    of their own.

    title (str): The registered name of the scheme, for messages.
    width (int): The width of the shared representation.
    strengths (Mapping[str, Number]): The weight of each auxiliary loss: a number or a schedule of
        closed steps.
    """

    #: The number of tasks it needs to be trained.
    min_tasks = 2
    #: Whether `Batch.annotated` must be filled in training.
    needs_annotation = False

    def __init__(self, title: str, width: int, strengths: Mapping[str, Number] = {}) -> None:
        super().__init__()
        self.title = title
        self.width = width
        self.numbers = dict(strengths)
        #: The tasks it has parts for, in the order in which they were added.
        self.tasks: List[str] = []
        #: The number of joint steps that have closed.
        self.step = 0

    # What a scheme defines.

    def add_task(self, task: str) -> None:
        """Create the parts of a task. A subclass calls this first.

        task (str): The name of the task.
        """
        self.tasks.append(task)

    def rename_task(self, old: str, new: str) -> None:
        """Rename a task in what isn't a parameter or buffer. Those are renamed by the caller.

        old (str): The name so far.
        new (str): The new name.
        RAISES (ValueError): If a setting names the task: that can't be changed here.
        """

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        """Compute the views of some tasks and, in training mode, the auxiliary losses.

        X (Tensor): The shared representation. *Shape:* (n_tokens, width).
        batch (Batch): The documents that these tokens belong to.
        tasks (Sequence[str]): The tasks that need a view: some of `self.tasks`, in any order.
        RETURNS (Tuple[Dict[str, Tensor], Dict[str, Tensor]]): The view of each of these tasks,
            *shape:* (n_tokens, view width), and the auxiliary losses by name, *shape:* (), without
            their strengths. Leave out a loss whose strength is 0, or that this batch doesn't have.
        """
        raise NotImplementedError

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        """Find the parameters that only one task's view reads.

        RETURNS (Dict[str, List[Parameter]]): The parameters by task. All others are shared: they
            get the combined gradient. May change while training, such as once a tree is fixed.
        """
        return {}

    def auxiliary(self) -> List[torch.nn.Parameter]:
        """RETURNS (List[Parameter]): The parameters that only auxiliary losses read."""
        return []

    def borrowed(self) -> List[torch.nn.Parameter]:
        """RETURNS (List[Parameter]): Those of the encoder that views read, if they are trained."""
        return []

    def view_width(self, task: str) -> int:
        """RETURNS (int): The width of a task's view."""
        return self.width

    def note_annotated(self, annotated: Sequence[Annotated]) -> None:
        """Look at the batches of all ranks, before the forward pass of a step on several.

        annotated (Sequence[Annotated]): Their annotation, by rank.
        """

    def note_closed(self, tasks: Sequence[str]) -> None:
        """Update what is learned without gradients, after a joint step has closed.

        A subclass calls this last: it counts the step.

        tasks (Sequence[str]): The tasks that were present.
        """
        self.step += 1

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Refuse a pipeline that the scheme or its settings don't fit.

        tasks (Sequence[str]): The tasks of the pipeline, in pipeline order.
        RAISES (ValueError): If there are too few, or a setting names an unknown one.
        """
        if len(tasks) < self.min_tasks:
            raise ValueError(
                f"{self.title} shares between tasks and needs {self.min_tasks} or more, but this "
                f"pipeline has {len(tasks)}: {', '.join(tasks) or 'none'}. Add a head that "
                "listens to the 'mtl' component, or set @architectures = "
                f'"spacy_mtl.HardSharing.v1" in {self.where}.'
            )

    def structure(self) -> List[StructureTable]:
        """RETURNS (List[StructureTable]): What it has learned about the tasks, as tables."""
        return []

    def relations(self) -> Dict[str, Dict[str, float]]:
        """RETURNS (Dict[str, Dict[str, float]]): The correlation of each task with each task."""
        raise no_relations(f"The sharing scheme {self.title}")

    # What a scheme uses.

    @property
    def where(self) -> str:
        """RETURNS (str): Where its settings are in a config, for messages."""
        return block_of(self.title)

    @property
    def is_trained(self) -> bool:
        """RETURNS (bool): Whether steps have closed, so that a task added now comes late."""
        return self.step > 0

    def strength(self, name: str) -> float:
        """RETURNS (float): The current weight of an auxiliary loss."""
        return number_at(self.numbers[name], self.step)

    def stand_alone(self) -> None:
        """Compute no auxiliary losses, and keep to what was learned: see `Scheme.stand_alone`."""
        self.numbers = dict.fromkeys(self.numbers, 0.0)

    # Besides parameters and buffers, which are saved with the model.

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What else a resumed training needs."""
        return {"step": self.step}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Restore the state.

        state (Dict[str, Any]): The result of `get_state`.
        """
        self.step = int(state["step"])
