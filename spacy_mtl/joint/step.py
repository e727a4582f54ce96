"""One joint step: who takes part, who has answered, when it is complete."""

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Sequence

from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Ops

from ..tasks.task import Task
from ..types import LossAndGradient, TokenVectors
from .answer import Answer, hand_out, take_back, was_read
from .pipeline import Listeners


@dataclass(frozen=True)
class Answers:
    """What the tasks of a step have sent, in pipeline order.

    d_views (Dict[str, List[Floats2d]]): The gradient of each task's view. Shape of each array:
        (n_tokens, width).
    losses (Dict[str, float]): The loss of each of these tasks, mean per annotated unit.
    units (Dict[str, int]): How many units were annotated, of tasks that report it.
    """

    d_views: Dict[str, TokenVectors]
    losses: Dict[str, float]
    units: Dict[str, int]


class JointStep:
    """The run state between the forward pass of a batch and its backward pass.

    examples (List[Example]): The batch.
    listeners (Dict[str, List[Tok2VecListener]]): The listeners of all tasks, in
        pipeline order.
    expected (List[str]): The tasks that take part, in pipeline order, at least
        one. spaCy updates components in that order: when the last has answered,
        whoever before it is silent stays so.
    views (Dict[str, List[Floats2d]]): Each task's view of the batch.
    totals (Dict[str, float]): spaCy's dict of losses, to which components add.
    late_losses (Dict[str, float]): Losses of stock components, by task, that came after the
        step before had closed. This step puts in its own.
    adapters (Mapping[str, Task]): What is known of the tasks whose losses and gradients are
        brought to means.
    when_complete (Callable): Called once, with the answers.
    ops (Ops): Makes arrays.
    """

    def __init__(
        self,
        examples: List[Example],
        listeners: Listeners,
        expected: List[str],
        views: Dict[str, TokenVectors],
        *,
        totals: Dict[str, float],
        late_losses: Dict[str, float],
        adapters: Mapping[str, Task],
        when_complete: Callable[[Answers], None],
        ops: Ops,
    ) -> None:
        self.examples = examples
        self.listeners = listeners
        self.expected = expected
        self.is_closed = False
        #: What the loss of a stock task is to be divided by.
        self.loss_divisors: Dict[str, float] = {}
        self._views = views
        self._totals = totals
        self._totals_before = {task: totals.get(task, 0.0) for task in listeners}
        self._late_losses = late_losses
        self._adapters = adapters
        self._when_complete = when_complete
        self._ops = ops
        self._d_views: Dict[str, TokenVectors] = {}
        self._reports: Dict[str, LossAndGradient] = {}
        self._heard: Dict[str, List[int]] = {}
        self._ran: List[str] = []
        #: Tasks whose loss was not known when the step closed.
        self._waiting: List[str] = []

    @property
    def docs(self) -> List[Doc]:
        """RETURNS (List[Doc]): The documents of the batch."""
        return [eg.predicted for eg in self.examples]

    @property
    def has_gradients(self) -> bool:
        """RETURNS (bool): Whether a task has sent a gradient that waits to be used."""
        return bool(self._d_views)

    @property
    def is_answered(self) -> bool:
        """RETURNS (bool): Whether a task has been heard of: it has sent a gradient, or skips."""
        return bool(self._heard)

    @property
    def silent(self) -> List[str]:
        """RETURNS (List[str]): Expected tasks that have not been heard of."""
        return [task for task in self.expected if task not in self._heard]

    @property
    def ran(self) -> List[str]:
        """RETURNS (List[str]): The tasks that took their view, or were heard of."""
        if self.is_closed:
            return self._ran
        return [
            task
            for task, listeners in self.listeners.items()
            if task in self._heard or any(map(was_read, listeners))
        ]

    def is_of(self, docs: Sequence[Doc]) -> bool:
        """RETURNS (bool): Whether these are the documents of the batch, the very objects."""
        own = self.docs
        return len(docs) == len(own) and all(a is b for a, b in zip(docs, own))

    def open(self) -> None:
        """Hand each task its view."""
        docs = self.docs
        for task, listeners in self.listeners.items():
            for i, listener in enumerate(listeners):
                hand_out(listener, docs, self._views[task], Answer(self, task, i))

    # What comes in through the listeners.

    def take_report(self, task: str, loss: LossAndGradient) -> None:
        """Take the loss of a task, before its gradient.

        task (str): The name of the head.
        loss (LossAndGradient): The loss.
        """
        self._reports[task] = loss

    def take_gradient(self, task: str, listener: int, d_view: TokenVectors) -> TokenVectors:
        """Take the gradient of a task's view.

        task (str): The name of the head.
        listener (int): Which of its listeners the gradient comes through.
        d_view (List[Floats2d]): The gradient. Shape of each array: (n_tokens, width).
        RETURNS (List[Floats2d]): Zeros like it.
        RAISES (ValueError): If the step was closed before.
        """
        if self.is_closed:
            raise ValueError(
                f"The component '{task}' sent a gradient for a joint step that was closed "
                "before. A component may call its model's backward pass only within its own "
                "'update'."
            )
        view = self._views[task]
        zeros = [self._ops.alloc2f(*v.shape) for v in view]
        # Sums go into arrays of our own: the head may still hold what it sent.
        total = self._d_views.get(task) or [self._ops.alloc2f(*v.shape) for v in view]
        for t, d in zip(total, d_view):
            t += d.reshape(t.shape)  # type: ignore[arg-type]
        self._d_views[task] = total
        self._note_heard(task, listener)
        return zeros

    def take_skip(self, task: str, listener: int) -> None:
        """Take note that a task has no annotation in the batch.

        task (str): The name of the head.
        listener (int): Which of its listeners this comes through.
        """
        if not self.is_closed:
            self._note_heard(task, listener)

    def _note_heard(self, task: str, listener: int) -> None:
        heard = self._heard.setdefault(task, [])
        if listener not in heard:
            heard.append(listener)
        last = self.expected[-1]
        if len(self._heard.get(last, [])) >= len(self.listeners[last]):
            self.complete()

    # What goes out.

    def complete(self) -> None:
        """Close the step with what has come in: there is no more to wait for."""
        answers, when_complete = self.finish(), self._when_complete
        self.close()
        when_complete(answers)

    def finish(self) -> Answers:
        """Take stock of the answers.

        Stock components report no loss. Theirs is what spaCy's total has grown by, or that of the
        step before where it comes too late; and both loss and gradient are brought to means.

        RETURNS (Answers): What has come in.
        """
        d_views, losses = {}, {}
        grown = self._grown()
        for task in self.listeners:
            if task not in self._d_views:
                continue
            d_views[task] = self._d_views[task]
            if task in self._reports:
                losses[task] = self._reports[task].value
                continue
            d_views[task] = self._as_mean(task, d_views[task])
            if grown.get(task):
                losses[task] = grown[task] / self.loss_divisors.get(task, 1.0)
            else:
                self._waiting.append(task)
                losses[task] = self._late_losses.get(task, 0.0)
        units = {task: self._reports[task].n_units for task in d_views if task in self._reports}
        return Answers(d_views, losses, units)

    def close(self) -> None:
        """Take the views back, and let go of what the batch took in memory."""
        self._ran = self.ran
        self.is_closed = True
        self._views, self._d_views, self._reports = {}, {}, {}
        self._when_complete = _closed
        for listeners in self.listeners.values():
            for listener in listeners:
                take_back(listener)

    def note_late_losses(self) -> None:
        """Put the losses that came after the step had closed among the late ones."""
        grown = self._grown()
        for task in self._waiting:
            late = grown.get(task, 0.0) / self.loss_divisors.get(task, 1.0)
            # Without annotation there is none: the last one that is known stays.
            if late:
                self._late_losses[task] = late

    def _grown(self) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): What each task has added to spaCy's totals so far."""
        return {
            task: float(self._totals[task]) - float(before)
            for task, before in self._totals_before.items()
            if task in self._totals
        }

    def _as_mean(self, task: str, d_view: TokenVectors) -> TokenVectors:
        if task not in self._adapters:
            return d_view
        of_gradient, self.loss_divisors[task] = self._adapters[task].divisors(d_view)
        return d_view if of_gradient == 1.0 else [d / of_gradient for d in d_view]


def _closed(answers: Any) -> None:
    raise RuntimeError("A joint step runs one backward pass, and this one was closed.")
