"""Tells a schedule how the tasks fare: their losses in training, their scores in evaluation."""

from typing import Any, Callable, Dict
from weakref import ref

from spacy.language import Language

from ..heads.scores import score_weights_of
from ..types import Schedule


def tell(nlp: Language, schedule: Schedule) -> None:
    """Have a schedule that wants to know told of losses and scores.

    nlp (Language): The pipeline.
    schedule (Schedule): With `observe_losses` or `observe_scores`, or none.
    RAISES (ValueError): If it wants losses, and there is no joint component to tell them.
    """
    joint = [pipe for _, pipe in nlp.components if hasattr(pipe, "loss_observers")]
    # That of an earlier training is told no more.
    for pipe in joint:
        pipe.loss_observers.clear()
    if isinstance(nlp.evaluate, _ToldEvaluation):
        del nlp.evaluate
    if wants(schedule, "losses"):
        if not joint:
            raise ValueError(
                f"The schedule {type(schedule).__name__} goes by the losses of the tasks, but "
                "there is no component of factory 'mtl' that tells them. Add one before the "
                "heads, or take another schedule."
            )
        joint[0].loss_observers.append(_observer_of(schedule))
    if wants(schedule, "scores"):
        nlp.evaluate = _ToldEvaluation(nlp, schedule)  # type: ignore[method-assign]


def wants(schedule: Schedule, what: str) -> bool:
    """Tell whether a schedule goes by losses or scores.

    schedule (Schedule): The schedule.
    what (str): "losses" or "scores".
    RETURNS (bool): Whether it does.
    """
    # A plain object wants what it has a method for.
    default = hasattr(schedule, f"observe_{what}")
    return bool(getattr(schedule, f"needs_{what}", default))


def scores_by_task(nlp: Language, scores: Dict[str, Any]) -> Dict[str, float]:
    """Sum up each task's scores, by their default weights.

    nlp (Language): The pipeline.
    scores (Dict[str, Any]): What `nlp.evaluate` gave.
    RETURNS (Dict[str, float]): By component; without those that have none.
    """
    found = {}
    for name, pipe in nlp.pipeline:
        weights = score_weights_of(nlp, name, pipe)
        known = {key: w for key, w in weights.items() if w and scores.get(key) is not None}
        if known:
            total = sum(known.values())
            found[name] = sum(float(scores[key]) * w for key, w in known.items()) / total
    return found


def _observer_of(schedule: Any) -> Callable[[Dict[str, float]], None]:
    """What tells a schedule of losses, as long as somebody draws by it."""
    kept = ref(schedule)

    def observe(losses: Dict[str, float]) -> None:
        found = kept()
        if found is not None:
            found.observe_losses(losses)

    return observe


class _ToldEvaluation:
    """`nlp.evaluate`, of which a schedule is told as long as somebody draws by it.

    spaCy's training loop offers no callback that gets the scores.
    """

    def __init__(self, nlp: Language, schedule: Schedule) -> None:
        self._nlp = nlp
        self._schedule = ref(schedule)

    def __call__(self, *args: Any, **kwargs: Any) -> Dict[str, Any]:
        scores = type(self._nlp).evaluate(self._nlp, *args, **kwargs)
        schedule: Any = self._schedule()
        if schedule is not None:
            schedule.observe_scores(scores_by_task(self._nlp, scores))
        return scores

    def __reduce__(self) -> Any:
        # A copy of the pipeline has its own method.
        return getattr, (self._nlp, "evaluate")
