"""Tells a schedule how the tasks fare: their losses in training, their scores in evaluation."""

from typing import Any, Dict, Optional
from weakref import ReferenceType, WeakKeyDictionary, ref

from spacy.language import Language

from ..joint.component import MultiTask
from ..joint.find import find_joint
from ..tasks.scores import scores_by_task
from ..types import Schedule, StepReport


def tell(nlp: Language, schedule: Schedule) -> None:
    """Have a schedule that wants to know told of losses and scores.

    That of an earlier training of the pipeline is told no more.

    nlp (Language): The pipeline.
    schedule (Schedule): The schedule. It is told as long as somebody draws by it.
    RAISES (ValueError): If it wants losses, and there is no joint component to tell them.
    """
    told = _TOLD.get(nlp)
    if told is not None and told() is schedule:
        # A later pass of the same training: who has wrapped `nlp.evaluate` since then still does.
        return
    found = find_joint(nlp)
    joint = None if found is None else found[1]
    if joint is not None and joint in _LOSSES:
        _LOSSES[joint].schedule = None
    if schedule.needs_losses:
        if joint is None:
            raise ValueError(
                f"The schedule {schedule.title} goes by the losses of the tasks, but "
                "there is no component of factory 'mtl' that tells them. Add one before the "
                "heads, or take another schedule."
            )
        if joint not in _LOSSES:
            _LOSSES[joint] = _Losses()
            joint.observers.subscribe(_LOSSES[joint])
        _LOSSES[joint].schedule = ref(schedule)
    if isinstance(nlp.evaluate, _ToldEvaluation):
        del nlp.evaluate
    if schedule.needs_scores:
        nlp.evaluate = _ToldEvaluation(nlp, schedule)  # type: ignore[method-assign]
    _TOLD[nlp] = ref(schedule)


class _Losses:
    """Passes the losses of the steps on to the schedule of the present training, if there is one.

    It does not keep the schedule: whoever draws by it does.
    """

    def __init__(self) -> None:
        self.schedule: Optional["ReferenceType[Schedule]"] = None

    def __call__(self, report: StepReport) -> None:
        schedule = None if self.schedule is None else self.schedule()
        if schedule is not None:
            schedule.observe_losses(report.losses)


#: The schedule of the present training of a pipeline.
_TOLD: "WeakKeyDictionary[Language, ReferenceType[Schedule]]" = WeakKeyDictionary()
#: What looks on while a joint component trains: one each, however many trainings there are.
_LOSSES: "WeakKeyDictionary[MultiTask, _Losses]" = WeakKeyDictionary()


class _ToldEvaluation:
    """`nlp.evaluate`, of which a schedule is told as long as somebody draws by it.

    spaCy's training loop offers no callback that gets the scores.
    """

    def __init__(self, nlp: Language, schedule: Schedule) -> None:
        self._nlp = nlp
        self._schedule = ref(schedule)

    def __call__(self, *args: Any, **kwargs: Any) -> Dict[str, Any]:
        scores = type(self._nlp).evaluate(self._nlp, *args, **kwargs)
        schedule = self._schedule()
        if schedule is not None:
            schedule.observe_scores(scores_by_task(self._nlp, scores))
        return scores

    def __reduce__(self) -> Any:
        # A copy of the pipeline has its own method.
        return getattr, (self._nlp, "evaluate")
