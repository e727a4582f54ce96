"""Joint steps, one after the other: opening them with a forward pass, and ending them."""

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, Optimizer, set_dropout_rate

from ..compat.spacy import holds_batch
from ..learn_rate import finish_update_scaled
from ..parameters import slots_of_model
from ..ranks.group import ALONE, Group
from ..sharing.contract import Scheme, scheme_of, split_slots
from ..sharing.scheme import features_of
from ..types import Annotated, StepReport, Views
from .annotated import annotated_tasks, present_tasks
from .backward import Backward
from .batch import Batch
from .closing import close
from .empty import no_backward, no_views
from .encoder_checks import check_annotated, check_initialized
from .meeting import Meeting
from .memory import Memory
from .notices import Notices
from .observers import Observers
from .pipeline import Pipeline
from .step import Answers, JointStep
from .upstream import HeldCallbacks, drop_callbacks


class Steps:
    """The joint steps of one component. At most one is open.

    pipeline (Pipeline): The pipeline around the component.
    memory (Memory): What is kept from one step to the next.
    observers (Observers): Get the report of each step.
    notices (Notices): Warnings of the component.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        memory: Memory,
        observers: Observers,
        notices: Notices,
    ) -> None:
        self._pipeline = pipeline
        self._memory = memory
        self._observers = observers
        self._notices = notices
        #: The open step, or the one that closed last.
        self.last: Optional[JointStep] = None

    def open(
        self,
        examples: List[Example],
        expected: List[str],
        place: Callable[[Dict[str, float]], Meeting],
        *,
        drop: float,
        sgd: Optional[Optimizer],
        losses: Dict[str, float],
    ) -> None:
        """Run the forward pass of a batch and open a step for the heads to answer.

        The last expected answer triggers the backward pass (`close_step` below). Without tasks
        or tokens there is no step.

        examples (List[Example]): The batch.
        expected (List[str]): The tasks that will answer.
        place (Callable): Makes the `Meeting`, the place where the tasks' gradients meet, from
            spaCy's dict of losses.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): Updates the component's own parameters when the step closes.
        losses (Dict[str, float]): spaCy's dict of losses.
        """
        model, name = self._pipeline.model, self._pipeline.name
        docs = [eg.predicted for eg in examples]
        listeners = self._pipeline.upstream_listeners
        if not expected or not any(len(doc) for doc in docs):
            drop_callbacks(listeners)
            if expected and self._group.size > 1:
                self._open_empty(examples, expected, place, sgd=sgd, losses=losses)
            return
        check_initialized(name, model)
        check_annotated(name, [node for node in listeners if not holds_batch(node)], docs)
        meeting = place(losses)
        set_dropout_rate(model, drop)
        scheme = scheme_of(model.get_ref("sharing"))
        annotated, tasks = None, self._pipeline.tasks
        if scheme.has_own_views:
            # Losses of the scheme itself are about the tasks that are trained.
            tasks = expected
            scheme.set_precision(self._pipeline.precision())
            if scheme.needs_annotation or scheme.has_costly_views:
                adapters = self._pipeline.adapters()
                annotated = annotated_tasks(examples, self._pipeline.tasks, adapters)
                self._show(scheme, annotated)
                # Who has no text here may have some on another rank.
                if scheme.has_costly_views and self._group.size == 1:
                    tasks = present_tasks(annotated, expected, adapters)
        views, backward = run_forward(model, docs, tasks, listeners, annotated, self._group)
        self._open(examples, expected, meeting, views, backward, sgd=sgd, losses=losses)

    def _open_empty(
        self,
        examples: List[Example],
        expected: List[str],
        place: Callable[[Dict[str, float]], Meeting],
        *,
        sgd: Optional[Optimizer],
        losses: Dict[str, float],
    ) -> None:
        """Open a step without a token: other ranks may have some, and wait for this one."""
        model = self._pipeline.model
        scheme = scheme_of(model.get_ref("sharing"))
        self._show(scheme, Annotated([], []))
        with self._group.same_chance():
            backward = no_backward(model)
        views = no_views(model, expected, len(examples))
        self._open(examples, expected, place(losses), views, backward, sgd=sgd, losses=losses)

    def _show(self, scheme: Scheme, annotated: Annotated) -> None:
        """Show a scheme that numbers what it meets the batches of all ranks."""
        if scheme.has_own_views and scheme.needs_annotation and self._group.size > 1:
            scheme.note_annotated(self._group.gather(annotated))

    def _open(
        self,
        examples: List[Example],
        expected: List[str],
        meeting: Meeting,
        views: Views,
        backward: Backward,
        *,
        sgd: Optional[Optimizer],
        losses: Dict[str, float],
    ) -> None:
        group, memory = self._group, self._memory

        def close_step(answers: Answers) -> None:
            found = Batch.of(examples, views.losses).over(group)
            meeting.connect(backward.scaled(found.share))
            report = close(answers, meeting, memory.weigher, found.auxiliary, found.corpora, group)
            if report is not None:
                self._pass_on(report, losses, sgd)

        adapters = self._pipeline.adapters() if memory.weighting.needs_losses else {}
        stock = self._pipeline.adapters() if group.size > 1 else {}
        self.last = JointStep(
            examples,
            dict(self._pipeline.listeners),
            expected,
            views.by_task,
            totals=losses,
            late_losses=memory.late_losses,
            adapters=adapters,
            when_complete=close_step,
            ops=self._pipeline.model.ops,
            group=group,
            averaged=[task for task, adapter in stock.items() if adapter.loss_is_mean],
        )
        self.last.open()

    def end(self) -> None:
        """Close the open step, if any, without waiting for more answers."""
        step = self.last
        if step is None:
            return
        if not step.is_closed:
            is_alone = self._group.size == 1
            if step.has_gradients or not is_alone:
                if self._pipeline.upstream_listeners and is_alone:
                    self._notices.late(step)
                step.complete()
            else:
                step.close()
        step.note_late_losses()
        self._pipeline.note_run(step.ran)
        self.last = None

    def finish_update(self, sgd: Optimizer) -> None:
        """Close a step that has answers, and update the component's own parameters.

        sgd (Optimizer): The optimizer.
        """
        if self.last is not None and (self.last.is_answered or self._group.size > 1):
            self.end()
        self._update_parameters(sgd)
        self._memory.note_applied()

    @property
    def _group(self) -> Group:
        return self._pipeline.group

    def note_view(self, task: str, docs: Sequence[Doc]) -> None:
        """Record that a head asks for its view outside of a step.

        task (str): The name of the head.
        docs (Sequence[Doc]): The documents. If a step on them has closed, or has no view for the
            head, it was not expected.
        """
        step = self.last
        if step is not None and step.has_no_view(task) and step.is_of(docs):
            if self._pipeline.note_missed(task):
                self._notices.missed(task)

    def _pass_on(
        self, report: StepReport, losses: Dict[str, float], sgd: Optional[Optimizer]
    ) -> None:
        """Pass on a step's report, once the encoder has its gradient."""
        if sgd is not None and sgd is not False:
            self._update_parameters(sgd)
        self._observers.tell(report)
        name = self._pipeline.name
        weighted = (report.weights[task] * loss for task, loss in report.losses.items())
        losses[name] += sum(weighted)
        for auxiliary, loss in report.auxiliary.items():
            key = f"{name}.{auxiliary}"
            losses[key] = losses.get(key, 0.0) + loss
        self._memory.note_closed(report, self.last)

    def _update_parameters(self, sgd: Optimizer) -> None:
        model = self._pipeline.model
        slots = list(slots_of_model(model.get_ref("sharing")))
        scale = self._pipeline.learn_rate_scale if slots else 1.0
        finish_update_scaled(model, sgd, scale, self._pipeline.name)
        # thinc leaves gradients of zeros behind. With momentum they would move the parameters of
        # tasks that are absent from later batches.
        for slot in slots:
            slot.take()


def run_forward(
    model: Model,
    docs: List[Doc],
    tasks: Sequence[str],
    listeners: Sequence[Any],
    annotated: Optional[Annotated] = None,
    group: Group = ALONE,
) -> Tuple[Views, Backward]:
    """Run encoder (the scheme's trunk) and sharing scheme on a batch, in training mode.

    model (Model): The model of the joint component.
    docs (List[Doc]): The documents.
    tasks (Sequence[str]): The tasks that need a view.
    listeners (Sequence[Model]): The layers that listen to an earlier component.
    annotated (Optional[Annotated]): The annotation of the batch, if the scheme needs it.
    group (Group): The ranks of the training.
    RETURNS (Tuple[Views, Backward]): Each task's view, and the backward passes.
    """
    trunk, sharing = model.get_ref("tok2vec"), model.get_ref("sharing")
    found, backprop_trunk = trunk.begin_update(docs)
    features = features_of(model, docs, found)
    features.annotated = annotated
    # A scheme that draws a way for a task draws the same one on all ranks.
    with group.same_chance():
        views, backprop_views = sharing.begin_update((features, tasks))
    held = HeldCallbacks(listeners)

    def backprop(d_features: List[Any], keep: bool = False) -> None:
        with held.restored(keep):
            backprop_trunk(d_features)

    scheme = scheme_of(sharing)
    strengths = _strengths(scheme, views.losses)
    shared, private = split_slots(sharing)
    shared.extend(scheme.borrowed(trunk))

    def view_like(task: str) -> List[Any]:
        return [model.ops.xp.zeros_like(view) for view in views.by_task[task]]

    return views, Backward(
        backprop_views,
        backprop,
        shared,
        private,
        strengths,
        model.ops,
        features=[] if group.size == 1 else features.arrays,
        view_like=view_like,
    )


def _strengths(scheme: Scheme, losses: Mapping[str, float]) -> Dict[str, float]:
    """RETURNS (Dict[str, float]): The weights of the auxiliary losses that count in this batch."""
    found = scheme.strengths() if losses else {}
    return {name: found[name] for name in losses if found.get(name)}
