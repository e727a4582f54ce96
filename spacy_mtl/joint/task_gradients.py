"""Each task's gradient and loss on a batch, without training on it."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Dict, List, Sequence, Tuple

import numpy
from spacy.language import Language
from spacy.training import Example
from thinc.api import set_dropout_rate
from thinc.types import Floats2d

from ..compat.spacy import frozen_components
from ..parameters import Slot
from ..ranks.group import ALONE, join
from ..scaling import products, split
from ..sharing.contract import scheme_of
from .annotated import annotated_tasks
from .meeting import AtParameters
from .no_trace import no_trace
from .pipeline import Pipeline
from .step import Answers, JointStep
from .steps import run_forward


@dataclass(frozen=True)
class TaskGradients:
    """The unweighted gradients of the tasks that a batch annotates, one row each.

    tasks (List[str]): The names of these tasks, in pipeline order.
    losses (Dict[str, float]): Their losses, means per annotated unit. (A stock component's is what
        it reports, in the unit of its gradient.)
    at_features (Floats2d): Their gradients at the shared representation. Only rows of the same
        batch can be compared. Shape: (n_tasks, n_features).
    at_parameters (Floats2d): Their gradients at the shared parameters: those of the encoder, then
        those of the sharing scheme that several tasks use. Shape: (n_tasks, n_values).
    slots (List[Slot]): These parameters, in the order of the values of a row.
    """

    tasks: List[str]
    losses: Dict[str, float]
    at_features: Floats2d
    at_parameters: Floats2d
    slots: List[Slot]

    def cosines_at_features(self) -> Dict[Tuple[str, str], float]:
        """RETURNS (Dict[Tuple[str, str], float]): The cosine of each pair at the representation."""
        return cosines_of(self.tasks, self.at_features)

    def cosines_at_parameters(self) -> Dict[Tuple[str, str], float]:
        """RETURNS (Dict[Tuple[str, str], float]): The cosine of each pair at the parameters.

        Leaves out pairs with a gradient of zeros.
        """
        return cosines_of(self.tasks, self.at_parameters)


def task_gradients(
    pipeline: Pipeline, examples: Sequence[Example], drop: float = 0.0
) -> TaskGradients:
    """Compute each task's gradient on a batch. This has no effect on training.

    pipeline (Pipeline): The pipeline around the joint component.
    examples (Sequence[Example]): The batch.
    drop (float): The dropout rate.
    RETURNS (TaskGradients): One row per task that the batch annotates. May have none.
    RAISES (ValueError): If the pipeline is unknown, no task is trained, or the encoder's gradients
        at the parameters aren't exact.
    """
    nlp, tasks = _trained(pipeline)
    AtParameters.check(pipeline)
    with no_trace(nlp):
        # Not a step of the training: other ranks don't take part.
        join(nlp, ALONE)
        answers, meeting = _run(pipeline, nlp, tasks, examples, drop)
        rows = meeting.rows(answers.d_views)
        losses = {task: answers.losses[task] for task in rows.tasks}
        return TaskGradients(rows.tasks, losses, rows.at_features, rows.values, meeting.slots)


def task_losses(pipeline: Pipeline, examples: Sequence[Example]) -> Dict[str, float]:
    """Compute each task's loss on a batch, without dropout. This has no effect on training.

    pipeline (Pipeline): The pipeline around the joint component.
    examples (Sequence[Example]): The batch.
    RETURNS (Dict[str, float]): The losses of the tasks that the batch annotates.
    RAISES (ValueError): If the pipeline is unknown, or no task is trained.
    """
    nlp, tasks = _trained(pipeline)
    with no_trace(nlp):
        # Not a step of the training: other ranks don't take part.
        join(nlp, ALONE)
        answers, _ = _run(pipeline, nlp, tasks, examples, 0.0)
        return {
            task: answers.losses[task]
            for task, d_view in answers.d_views.items()
            if any(d.any() for d in d_view)
        }


def _trained(pipeline: Pipeline) -> Tuple[Language, List[str]]:
    nlp, name = pipeline.nlp, pipeline.name
    if nlp is None:
        raise ValueError(
            f"'{name}' doesn't know its pipeline, so it can't run its tasks. Call "
            f"nlp.get_pipe('{name}').bind(nlp) first."
        )
    tasks = pipeline.expected()
    if not tasks:
        raise ValueError(
            f"'{name}' has no task that is trained: all heads are frozen, disabled or missing. "
            "Enable one, or take it out of [training.frozen_components]."
        )
    return nlp, tasks


def _run(
    pipeline: Pipeline,
    nlp: Language,
    tasks: List[str],
    examples: Sequence[Example],
    drop: float,
) -> Tuple[Answers, AtParameters]:
    """Run encoder, scheme and heads, and the backward passes of the heads."""
    # Nothing that components set on documents may stay.
    batch = [Example(eg.predicted.copy(), eg.reference) for eg in examples]
    docs = [eg.predicted for eg in batch]
    if not any(len(doc) for doc in docs):
        raise ValueError("There are no tokens in this batch, so no task has a gradient.")
    totals: Dict[str, float] = {}
    frozen = frozen_components(nlp)
    for name, encoder in pipeline.upstream():
        if name in frozen:
            encoder.set_annotations(docs, encoder.predict(docs))
        else:
            encoder.update(batch, drop=drop, losses=totals)
    meeting = AtParameters(pipeline, totals)
    model, adapters = pipeline.model, pipeline.adapters()
    set_dropout_rate(model, drop)
    scheme = scheme_of(model.get_ref("sharing"))
    annotated = None
    if scheme.needs_annotation:
        annotated = annotated_tasks(batch, pipeline.tasks, adapters)
    if scheme.has_own_views:
        scheme.set_precision(pipeline.precision())
    shown = tasks if scheme.has_own_views else pipeline.tasks
    views, backward = run_forward(model, docs, shown, pipeline.upstream_listeners, annotated)
    meeting.connect(backward)
    closed: List[Answers] = []
    late: Dict[str, float] = {}
    step = JointStep(
        batch,
        dict(pipeline.listeners),
        tasks,
        views.by_task,
        totals=totals,
        late_losses=late,
        adapters=adapters,
        when_complete=closed.append,
        ops=model.ops,
    )
    step.open()
    for task in tasks:
        head: Any = nlp.get_pipe(task)
        head.update(batch, drop=drop, losses=totals)
    if not step.is_closed:
        step.complete()
    # A stock component reports its loss after it has sent its gradient.
    step.note_late_losses()
    (answers,) = closed
    return Answers(answers.d_views, {**answers.losses, **late}, answers.units), meeting


def cosines_of(tasks: Sequence[str], rows: Floats2d) -> Dict[Tuple[str, str], float]:
    """Compute the cosine between each pair of rows.

    tasks (Sequence[str]): The names of the rows.
    rows (Floats2d): Shape: (n_tasks, n_values).
    RETURNS (Dict[Tuple[str, str], float]): By pair. Leaves out pairs with a row of zeros.
    """
    with numpy.errstate(all="ignore"):
        cosines, norms = split(products(rows))
    pairs = combinations(range(len(tasks)), 2)
    return {
        (tasks[i], tasks[j]): float(numpy.clip(cosines[i, j], -1.0, 1.0))
        for i, j in pairs
        if norms[i] and norms[j]
    }
