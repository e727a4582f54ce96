"""One joint step: which tasks take part, which have answered, and when it is complete."""

from dataclasses import dataclass
from typing import Any, Callable, Collection, Dict, List, Mapping, Optional, Sequence

from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Ops

from ..ranks.group import ALONE, Group
from ..tasks.task import Task
from ..types import LossAndGradient, TokenVectors
from .answer import Answer, hand_out, take_back, was_read
from .pipeline import Listeners
from .sent import Sent, SentByAll, send


@dataclass(frozen=True)
class Answers:
    """What the tasks of a step have sent, in pipeline order.

    d_views (Dict[str, List[Floats2d]]): The gradient of each task's view. Shape of each array:
        (n_tokens, width). No arrays for a task that has only sent one on other ranks.
    losses (Dict[str, float]): The loss of each of these tasks, mean per annotated unit.
    units (Dict[str, int]): The number of annotated units, for tasks that report it.
    """

    d_views: Dict[str, TokenVectors]
    losses: Dict[str, float]
    units: Dict[str, int]


class JointStep:
    """The run state of a batch between its forward pass and its backward pass.

    `open` hands out the views. The heads answer through `take_report`, `take_gradient` and
    `take_skip`. The last expected answer calls `complete`, which passes the `Answers` to
    `when_complete`.

    examples (List[Example]): The batch.
    listeners (Dict[str, List[Tok2VecListener]]): The listeners of all tasks, in
        pipeline order.
    expected (List[str]): The tasks that take part, in pipeline order, at least
        one. spaCy updates components in that order, so once the last one has
        answered, no earlier task will answer anymore.
    views (Dict[str, List[Floats2d]]): Each task's view of the batch, at least those of the
        expected tasks that don't skip it.
    totals (Dict[str, float]): spaCy's dict of losses, which components add to.
    late_losses (Dict[str, float]): Losses of stock components, by task, that arrived
        after the previous step had closed. This step adds its own.
    adapters (Mapping[str, Task]): The tasks whose losses and gradients are turned into
        means.
    when_complete (Callable): Called once, with the answers.
    ops (Ops): Allocates arrays.
    group (Group): The ranks of the training. With several, the last answer does not close the
        step: others may come to another answer last, and all have to meet.
    averaged (Collection[str]): Tasks of stock components whose losses are means over documents.
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
        group: Group = ALONE,
        averaged: Collection[str] = (),
    ) -> None:
        self.examples = examples
        self.listeners = listeners
        self.expected = expected
        self.is_closed = False
        #: What to divide the loss of each stock task by.
        self.loss_divisors: Dict[str, float] = {}
        #: What the loss of each task on this rank counts in that of all ranks.
        self.shares: Dict[str, float] = {}
        self._views = views
        self._totals = totals
        self._totals_before = {task: totals.get(task, 0.0) for task in listeners}
        self._late_losses = late_losses
        self._adapters = adapters
        self._when_complete = when_complete
        self._ops = ops
        self._group = group
        self._averaged = averaged
        self._sent: Optional[SentByAll] = None
        #: What each task had added to the totals when the last one answered.
        self._grown_at_last: Optional[Dict[str, float]] = None
        self._d_views: Dict[str, TokenVectors] = {}
        self._reports: Dict[str, LossAndGradient] = {}
        self._answered: Dict[str, List[int]] = {}
        self._ran: List[str] = []
        #: Tasks whose loss was not known when the step closed.
        self._waiting: List[str] = []

    @property
    def docs(self) -> List[Doc]:
        """RETURNS (List[Doc]): The documents of the batch."""
        return [eg.predicted for eg in self.examples]

    @property
    def has_gradients(self) -> bool:
        """RETURNS (bool): Whether any gradients are waiting to be used."""
        return bool(self._d_views)

    @property
    def is_answered(self) -> bool:
        """RETURNS (bool): Whether any task has answered: with a gradient, or by skipping."""
        return bool(self._answered)

    @property
    def silent(self) -> List[str]:
        """RETURNS (List[str]): Expected tasks that have not answered."""
        return [task for task in self.expected if task not in self._answered]

    @property
    def ran(self) -> List[str]:
        """RETURNS (List[str]): The tasks that took their view or answered."""
        if self.is_closed:
            return self._ran
        return [
            task
            for task, listeners in self.listeners.items()
            if task in self._answered or any(map(was_read, listeners))
        ]

    def is_of(self, docs: Sequence[Doc]) -> bool:
        """RETURNS (bool): Whether these are the same document objects as in the batch."""
        own = self.docs
        return len(docs) == len(own) and all(a is b for a, b in zip(docs, own))

    def has_no_view(self, task: str) -> bool:
        """RETURNS (bool): Whether a task can no longer take part, or never could."""
        return self.is_closed or not (task in self._views or task in self.expected)

    def open(self) -> None:
        """Hand every listener its task's view, if there is one, and the callback for an answer."""
        docs = self.docs
        for task, listeners in self.listeners.items():
            if self.has_no_view(task):
                continue
            for i, listener in enumerate(listeners):
                hand_out(listener, docs, self._views.get(task), Answer(self, task, i))

    # Answers that arrive through the listeners.

    def take_report(self, task: str, loss: LossAndGradient) -> None:
        """Record a task's loss. It is reported before the gradient is sent.

        task (str): The name of the head.
        loss (LossAndGradient): The loss.
        """
        self._reports[task] = loss

    def take_gradient(self, task: str, listener: int, d_view: TokenVectors) -> TokenVectors:
        """Add to the gradient of a task's view.

        task (str): The name of the head.
        listener (int): The index of the head's listener that sends it.
        d_view (List[Floats2d]): The gradient. Shape of each array: (n_tokens, width).
        RETURNS (List[Floats2d]): Zeros of the same shape.
        RAISES (ValueError): If the step has already closed.
        """
        if self.is_closed:
            raise ValueError(
                f"The component '{task}' sent a gradient for a joint step that has already "
                "closed. A component may only call its model's backward pass within its own "
                "'update'."
            )
        view = self._views[task]
        zeros = [self._ops.alloc2f(*v.shape) for v in view]
        if not any(map(len, view)):
            # Without a token on this rank, there is no gradient.
            self._note_answered(task, listener)
            return zeros
        # Add up in our own arrays: the head may still use the one it sent.
        total = self._d_views.get(task) or [self._ops.alloc2f(*v.shape) for v in view]
        for t, d in zip(total, d_view):
            t += d.reshape(t.shape)  # type: ignore[arg-type]
        self._d_views[task] = total
        self._note_answered(task, listener)
        return zeros

    def take_skip(self, task: str, listener: int) -> None:
        """Record that a task has no annotation in the batch.

        task (str): The name of the head.
        listener (int): The index of the head's listener that sends it.
        """
        if not self.is_closed:
            self._note_answered(task, listener)

    def _note_answered(self, task: str, listener: int) -> None:
        listeners = self._answered.setdefault(task, [])
        if listener not in listeners:
            listeners.append(listener)
        last = self.expected[-1]
        if len(self._answered.get(last, [])) < len(self.listeners[last]):
            return
        if self._group.size == 1:
            self.complete()
        else:
            self._grown_at_last = self._grown()

    # Closing the step.

    def complete(self) -> None:
        """Close the step with the answers so far, and pass them to `when_complete`."""
        answers, when_complete = self.finish(), self._when_complete
        self.close()
        when_complete(answers)

    def finish(self) -> Answers:
        """Collect the answers.

        Stock components don't report a loss. Theirs is the amount by which spaCy's total has
        grown, or the previous step's loss if they add it only after the step has closed. Both
        loss and gradient are turned into means.

        RETURNS (Answers): The answers so far, on all ranks.
        """
        d_views, losses, units = {}, {}, {}
        sent = self._sent = send(self._own_answers(), self._group, self._averaged)
        for task in self.listeners:
            if task not in sent.tasks:
                continue
            d_views[task] = self._d_views.get(task, [])
            self.shares[task] = sent.share_of(task)
            report = sent.report_of(task)
            if report is not None:
                losses[task], units[task] = report.value, report.n_units
                continue
            d_views[task] = self._as_mean(task, d_views[task], sent.n_units_of(task))
            grown = sent.grown(task)
            if grown:
                losses[task] = grown / self.loss_divisors.get(task, 1.0)
            else:
                self._waiting.append(task)
                losses[task] = self._late_losses.get(task, 0.0)
        return Answers(d_views, losses, units)

    def close(self) -> None:
        """Clear the listeners and free the memory that the batch uses."""
        self._ran = self.ran
        self.is_closed = True
        self._views, self._d_views, self._reports = {}, {}, {}
        self._when_complete = _closed
        for listeners in self.listeners.values():
            for listener in listeners:
                take_back(listener)

    def note_late_losses(self) -> None:
        """Record the losses that stock components added after the step had closed."""
        if not self._waiting or self._sent is None:
            return
        grown = self._group.gather(self._grown())
        for task in self._waiting:
            late = self._sent.total(task, grown) / self.loss_divisors.get(task, 1.0)
            # Without annotation there is no loss, so keep the last known one.
            if late:
                self._late_losses[task] = late

    def _grown(self) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): What each task has added to spaCy's totals so far."""
        return {
            task: float(self._totals[task]) - float(before)
            for task, before in self._totals_before.items()
            if task in self._totals
        }

    def _own_answers(self) -> Sent:
        """RETURNS (Sent): What was sent on this rank."""
        grown = self._grown_at_last
        return Sent(
            tasks=list(self._d_views),
            reports={task: (each.value, each.n_units) for task, each in self._reports.items()},
            grown=self._grown() if grown is None else grown,
            units={
                task: self._adapters[task].count_units(d_view)
                for task, d_view in self._d_views.items()
                if task in self._adapters and task not in self._reports
            },
            n_docs=len(self.examples) if any(map(len, self.docs)) else 0,
        )

    def _as_mean(self, task: str, d_view: TokenVectors, n_units: float) -> TokenVectors:
        if task not in self._adapters:
            return d_view
        of_gradient, self.loss_divisors[task] = self._adapters[task].divisors_of(n_units)
        return d_view if of_gradient == 1.0 else [d / of_gradient for d in d_view]


def _closed(answers: Any) -> None:
    raise RuntimeError("This joint step is closed. A step runs only one backward pass.")
