"""Rehearsal: what an old pipeline knew, learned again by all heads in one step."""

from contextlib import contextmanager
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Union

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from thinc.api import Optimizer

from ..compat.spacy import annotating_components, frozen_components, optimizer_of
from ..joint.find import find_joint
from ..joint.pipeline import find_upstream, upstream_listeners
from ..teachers.pipeline import Probabilities, TeacherPipeline, copied
from ..teachers.teacher import Lesson
from .component import TaskHead

#: How to get a pipeline of the past.
_LOAD = "Load a copy that doesn't learn: spacy.load(PATH) of the pipeline as it was before."


def rehearse(
    nlp: Language,
    teacher: Language,
    examples: Iterable[Example],
    sgd: Union[Optimizer, bool, None] = None,
    *,
    losses: Optional[Dict[str, float]] = None,
    drop: float = 0.0,
    exclude: Iterable[str] = (),
) -> Dict[str, float]:
    """Let all heads of a pipeline learn what an old pipeline says, so that they don't forget it.

    This is one joint step, as with `nlp.update`: each head learns the probabilities that the
    teacher's head of the same name gives to its labels, weighting and sharing scheme do with the
    gradients what they always do, and the optimizer is applied once to encoder, scheme, `mtl`
    and heads. The weights of the tasks are those of the weighting of `mtl`. A schedule of task
    weights counts the step, and weightings that go by former losses or gradients see those of
    rehearsal, too. How much is rehearsed beside what is new is up to the number of steps and texts:
    Adam moves as far by small gradients as by large ones.

    A head may have labels that its teacher doesn't have. Nothing is said about these: the others
    are learned as if there were only them (of a CRF, all sequences without the new entity types).
    A calibration of either head takes no part in it. Heads that only one of the pipelines has,
    disabled or frozen heads, and components that aren't of this package (in either) are left
    alone. The setting `teacher` of a head plays no role here.

    nlp (Language): The pipeline that is trained.
    teacher (Language): The pipeline as it was before, loaded by itself. It isn't changed.
    examples (Iterable[Example]): Texts of any kind that `nlp` should go on to know. Their
        annotation isn't used.
    sgd (Union[Optimizer, bool, None]): The optimizer. None: that of the pipeline, as in
        `nlp.update`. False: gradients are only added up, for `finish_update` of the components.
    losses (Optional[Dict[str, float]]): The losses by component, to add to. A head's loss is the
        cross-entropy against the teacher, whose minimum is the teacher's entropy. That of `mtl` is
        the weighted sum.
    drop (float): The dropout rate.
    exclude (Iterable[str]): Components that are left alone, too.
    RETURNS (Dict[str, float]): The losses.
    RAISES (ValueError): If there is no head to rehearse, the teacher is no pipeline of its own, or
        one of its heads is of another kind or has a label that the pipeline's head doesn't have.
    SOURCE: Li and Hoiem 2016, "Learning without Forgetting", arXiv:1606.09282, at temperature 1.
        Differs: for texts that the new labels aren't about as well.
    """
    losses = {} if losses is None else losses
    examples = list(examples)
    validate_examples(examples, "spacy_mtl.rehearse")
    _check_pipelines(nlp, teacher)
    left_out = {*exclude, *frozen_components(nlp)}
    heads = _heads_of(nlp, left_out)
    old = _heads_of(teacher)
    both = [name for name in heads if name in old]
    if not both:
        raise ValueError(
            f"There is nothing to rehearse: no head of this package is in both pipelines. Those to "
            f"rehearse are {_listed(heads)}; those of the teacher are {_listed(old)}. A head must "
            "have the same name in both, be enabled, and be neither frozen nor excluded."
        )
    for name in both:
        _check_fit(name, heads[name], old[name])
    docs = [eg.predicted for eg in examples]
    present = [doc for doc in docs if len(doc)]
    if not present:
        return losses
    said = TeacherPipeline(teacher).run_all(
        {name: old[name].give_targets for name in both}, present
    )
    lessons = {name: _lesson(heads[name], old[name].labels, said[name], docs) for name in both}
    joint = find_joint(nlp)
    if joint is not None:
        joint[1].bind(nlp)
    taking_part = [*_upstream(nlp, both, left_out), *both]
    # What a training loop runs on the texts, such as a frozen encoder.
    tasks = [] if joint is None else joint[1].tasks
    annotates = [name for name in annotating_components(nlp) if name not in tasks]
    # The vocabulary may be that of the teacher, say.
    shown = [Example(copied(doc, nlp), copied(doc, nlp)) for doc in docs]
    with nlp.select_pipes(enable=[*taking_part, *annotates]), _rehearsing(nlp, lessons):
        others = [name for name in annotates if name not in taking_part]
        no_step: Any = False
        nlp.update(
            shown, drop=drop, sgd=no_step, losses=losses, exclude=others, annotates=annotates
        )
    if sgd is not False:
        optimizer = optimizer_of(nlp) if sgd is None else sgd
        for name in nlp.component_names:
            if name in taking_part:
                nlp.get_pipe(name).finish_update(optimizer)  # type: ignore[attr-defined]
    return losses


def _heads_of(nlp: Language, left_out: Iterable[str] = ()) -> Dict[str, Any]:
    return {
        name: pipe
        for name, pipe in nlp.pipeline
        if isinstance(pipe, TaskHead) and name not in left_out
    }


def _check_pipelines(nlp: Language, teacher: Any) -> None:
    if not isinstance(teacher, Language):
        raise ValueError(
            f"'teacher' of spacy_mtl.rehearse is a {type(teacher).__name__}, but it must be a "
            f"pipeline. {_LOAD}"
        )
    own = {id(pipe) for _, pipe in nlp.components}
    shared = [name for name, pipe in teacher.components if id(pipe) in own]
    if shared:
        raise ValueError(
            f"The teacher of spacy_mtl.rehearse shares {_listed(shared)} with the pipeline that is "
            f"trained, so it would change with it. {_LOAD}"
        )


def _check_fit(name: str, head: Any, old: Any) -> None:
    kind, before = getattr(head, "target_kind", None), getattr(old, "target_kind", None)
    if kind is None or kind != before:
        raise ValueError(
            f"The head '{name}' can't rehearse what the teacher's '{name}' says: the one is a "
            f"{type(head).__name__}, the other a {type(old).__name__}. Use the pipeline that "
            "this one was trained from as the teacher, or exclude the head."
        )
    unknown = [label for label in old.labels if label not in head.labels]
    if unknown:
        raise ValueError(
            f"The teacher's head '{name}' has labels that '{name}' of the pipeline that is trained "
            f"doesn't have: {_listed(unknown)}. Use the pipeline that this one was trained from "
            "as the teacher, exclude the head, or add the labels first (`spacy mtl add-label`, or "
            f"nlp.get_pipe('{name}').add_label)."
        )


def _lesson(head: Any, labels: Sequence[str], said: Probabilities, docs: Sequence[Doc]) -> Lesson:
    """Put what a teacher said about documents with tokens in the form of a lesson."""
    place = {name: i for i, name in enumerate(head.classes())}
    classes = [place[name] for name in head.classes_of(labels)]
    n_empty = 0 if head.unit == "token" else 1
    empty = numpy.full((n_empty, len(classes)), numpy.nan)
    rest = iter(said)
    targets = numpy.concatenate([next(rest) if len(doc) else empty for doc in docs])
    return Lesson(1.0, targets.astype("float32"), classes)


def _upstream(nlp: Language, names: Sequence[str], left_out: Set[str]) -> List[str]:
    """RETURNS (List[str]): The enabled components that these listen to, directly or not."""
    found: List[str] = []
    waiting = list(names)
    while waiting:
        model = getattr(nlp.get_pipe(waiting.pop()), "model", None)
        listeners = [] if model is None else upstream_listeners(model)
        for name, _ in find_upstream(nlp, listeners):
            if name in nlp.pipe_names and name not in left_out and name not in found:
                found.append(name)
                waiting.append(name)
    return found


@contextmanager
def _rehearsing(nlp: Language, lessons: Dict[str, Lesson]) -> Iterator[None]:
    heads: Dict[str, Any] = {name: nlp.get_pipe(name) for name in lessons}
    for name, head in heads.items():
        head.rehearsed = lessons[name]
    try:
        yield
    finally:
        for head in heads.values():
            head.rehearsed = None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "none"
