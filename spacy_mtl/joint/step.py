"""One joint step: who takes part, who has answered, when it is complete."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence

from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Ops

from ..types import TokenVectors
from .listener import close_door, open_door
from .upstream import SentGradients


@dataclass(eq=False)
class JointStep:
    """The run state between the forward pass of a batch and its backward pass.

    examples (List[Example]): The batch.
    listeners (Dict[str, List[Tok2VecListener]]): The doors of all tasks, in
        pipeline order.
    expected (List[str]): The tasks that take part, in pipeline order, at least
        one. spaCy updates components in that order: when the last has answered,
        whoever before it is silent stays so.
    views (Dict[str, List[Floats2d]]): Each task's view of the batch.
    backprop_views (Callable): From the gradients of views to the tasks'
        gradients at the shared representation.
    backprop_shared (Callable): From one gradient at the shared representation to
        the encoder. `keep=True`: there will be another pass.
    finish (Callable): Called once the encoder has its gradient.
    sent (Optional[SentGradients]): Takes down what goes to the encoder, if there will be
        several passes.
    losses (Dict[str, float]): spaCy's own dict, to which the heads add.
    on_complete (Callable): Called once, with the last expected answer.
    """

    examples: List[Example]
    listeners: Dict[str, List[Tok2VecListener]]
    expected: List[str]
    views: Dict[str, TokenVectors]
    backprop_views: Callable[[Dict[str, TokenVectors]], Dict[str, TokenVectors]]
    backprop_shared: Callable[..., object]
    finish: Callable[[], object]
    sent: Optional[SentGradients]
    losses: Dict[str, float]
    on_complete: Callable[["JointStep"], None]
    ops: Ops
    d_views: Dict[str, TokenVectors] = field(default_factory=dict)
    closed: bool = False
    unreported: List[str] = field(default_factory=list)
    #: What a stock task's loss is to be divided by.
    loss_divisors: Dict[str, float] = field(default_factory=dict)
    _ran: List[str] = field(default_factory=list)
    _losses_before: Dict[str, float] = field(default_factory=dict)
    _answered: Dict[str, List[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._losses_before = {task: self.losses.get(task, 0.0) for task in self.listeners}

    @property
    def docs(self) -> List[Doc]:
        """RETURNS (List[Doc]): The documents of the batch."""
        return [eg.predicted for eg in self.examples]

    @property
    def answered(self) -> List[str]:
        """RETURNS (List[str]): The tasks that have sent a gradient, in pipeline order."""
        return [task for task in self.listeners if task in self.d_views]

    @property
    def ran(self) -> List[str]:
        """RETURNS (List[str]): The tasks that asked for their view or answered."""
        if self.closed:
            return self._ran
        return [
            task
            for task, listeners in self.listeners.items()
            if task in self.d_views or any(getattr(door, "was_read", False) for door in listeners)
        ]

    @property
    def is_complete(self) -> bool:
        """RETURNS (bool): Whether the last expected task has answered, at every door."""
        last = self.expected[-1]
        return len(self._answered.get(last, [])) >= len(self.listeners[last])

    def is_of(self, docs: Sequence[Doc]) -> bool:
        """RETURNS (bool): Whether these are the documents of the batch, the very objects."""
        own = self.docs
        return len(docs) == len(own) and all(a is b for a, b in zip(docs, own))

    def open(self) -> None:
        """Hand each task its view."""
        docs = self.docs
        for task, listeners in self.listeners.items():
            for i, listener in enumerate(listeners):
                open_door(listener, docs, self.views[task], partial(self._answer, task, i))

    def close(self) -> None:
        """Take the views back, and let go of what the batch took in memory."""
        self._ran = self.ran
        self.closed = True
        self.sent = None
        self.views, self.d_views = {}, {}
        self.backprop_views = self.backprop_shared = self.finish = _gone
        for listeners in self.listeners.values():
            for listener in listeners:
                close_door(listener)

    def added_losses(self) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): What each task has added to `losses` so far."""
        return {
            task: float(self.losses[task]) - float(before)
            for task, before in self._losses_before.items()
            if task in self.losses
        }

    def _answer(self, task: str, door: int, d_view: TokenVectors) -> TokenVectors:
        if self.closed:
            raise ValueError(
                f"The component '{task}' sent a gradient for a joint step that was closed "
                "before. A component may call its model's backward pass only within its own "
                "'update'."
            )
        view = self.views[task]
        zeros = [self.ops.alloc2f(*v.shape) for v in view]
        # Sums go into arrays of our own: the head may still hold what it sent.
        total = self.d_views.get(task) or [self.ops.alloc2f(*v.shape) for v in view]
        for t, d in zip(total, d_view):
            t += d.reshape(t.shape)  # type: ignore[arg-type]
        self.d_views[task] = total
        doors: List[int] = self._answered.setdefault(task, [])
        if door not in doors:
            doors.append(door)
        if self.is_complete:
            self.on_complete(self)
        return zeros


def _gone(*args: Any) -> Any:
    raise RuntimeError("A joint step runs one backward pass, and this one was closed.")
