"""Report training losses and evaluation scores of the tasks to a schedule."""

from typing import Any, Dict, Optional
from weakref import ReferenceType, WeakKeyDictionary, ref

from spacy.language import Language

from ..joint.component import MultiTask
from ..joint.find import find_joint
from ..tasks.scores import scores_by_task
from ..types import Schedule, StepReport


def tell(nlp: Language, schedule: Schedule) -> None:
    """Report losses and scores to a schedule that needs them.

    The schedule of an earlier training of the pipeline no longer gets any.

    nlp (Language): The pipeline.
    schedule (Schedule): The schedule. It gets reports for as long as it is in use.
    RAISES (ValueError): If it needs losses, but no joint component reports them.
    """
    current = _CURRENT.get(nlp)
    if current is not None and current() is schedule:
        # A later pass of the same training: keep any later wrappers of `nlp.evaluate`.
        return
    found = find_joint(nlp)
    joint = None if found is None else found[1]
    if joint is not None and joint in _LOSSES:
        _LOSSES[joint].schedule = None
    if schedule.needs_losses:
        if joint is None:
            raise ValueError(
                f"The schedule {schedule.title} needs the losses of the tasks, but "
                "there is no component with the factory 'mtl' to report them. Add one before the "
                "heads, or use another schedule."
            )
        if joint not in _LOSSES:
            _LOSSES[joint] = _Losses()
            joint.observers.subscribe(_LOSSES[joint])
        _LOSSES[joint].schedule = ref(schedule)
    if isinstance(nlp.evaluate, _ReportingEvaluation):
        del nlp.evaluate
    if schedule.needs_scores:
        nlp.evaluate = _ReportingEvaluation(nlp, schedule)  # type: ignore[method-assign]
    _CURRENT[nlp] = ref(schedule)


class _Losses:
    """Forwards the losses of each step to the schedule of the current training, if any.

    It holds only a weak reference, so it doesn't keep the schedule alive.
    """

    def __init__(self) -> None:
        self.schedule: Optional["ReferenceType[Schedule]"] = None

    def __call__(self, report: StepReport) -> None:
        schedule = None if self.schedule is None else self.schedule()
        if schedule is not None:
            schedule.observe_losses(report.losses)


#: The schedule of a pipeline's current training.
_CURRENT: "WeakKeyDictionary[Language, ReferenceType[Schedule]]" = WeakKeyDictionary()
#: One observer per joint component, however many trainings there are.
_LOSSES: "WeakKeyDictionary[MultiTask, _Losses]" = WeakKeyDictionary()


def report_scores(nlp: Language, scores: Dict[str, Any]) -> None:
    """Report scores to a schedule that needs them, as `nlp.evaluate` would.

    nlp (Language): The pipeline.
    scores (Dict[str, Any]): The scores, which another process has found.
    """
    if isinstance(nlp.evaluate, _ReportingEvaluation):
        nlp.evaluate.report(scores)


class _ReportingEvaluation:
    """`nlp.evaluate` that also reports the scores to a schedule while it is in use.

    spaCy's training loop offers no callback that gets the scores.
    """

    def __init__(self, nlp: Language, schedule: Schedule) -> None:
        self._nlp = nlp
        self._schedule = ref(schedule)

    def __call__(self, *args: Any, **kwargs: Any) -> Dict[str, Any]:
        scores = type(self._nlp).evaluate(self._nlp, *args, **kwargs)
        self.report(scores)
        return scores

    def report(self, scores: Dict[str, Any]) -> None:
        """Report the scores of an evaluation."""
        schedule = self._schedule()
        if schedule is not None:
            schedule.observe_scores(scores_by_task(self._nlp, scores))

    def __reduce__(self) -> Any:
        # A copied pipeline gets its own method.
        return getattr, (self._nlp, "evaluate")
