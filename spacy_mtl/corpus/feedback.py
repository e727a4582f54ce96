"""Tells a schedule how the tasks fare: their losses in training, their scores in evaluation."""

from typing import Any, Callable, Dict

from spacy.language import Language

from ..heads.scores import score_weights_of
from ..types import Schedule


def tell(nlp: Language, schedule: Schedule) -> None:
    """Have a schedule that wants to know told of losses and scores.

    nlp (Language): The pipeline.
    schedule (Schedule): With `observe_losses` or `observe_scores`, or none.
    RAISES (ValueError): If it wants losses, and there is no joint component to tell them.
    """
    observe_losses = getattr(schedule, "observe_losses", None)
    if observe_losses is not None:
        joint = [pipe for _, pipe in nlp.components if hasattr(pipe, "loss_observers")]
        if not joint:
            raise ValueError(
                f"The schedule {type(schedule).__name__} goes by the losses of the tasks, but "
                "there is no component of factory 'mtl' that tells them. Add one before the "
                "heads, or take another schedule."
            )
        # In the place of that of an earlier training.
        joint[0].loss_observers[:] = [observe_losses]
    observe_scores = getattr(schedule, "observe_scores", None)
    if observe_scores is not None:
        _listen_to_evaluations(nlp, observe_scores)


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


def _listen_to_evaluations(nlp: Language, observe: Callable[[Dict[str, float]], None]) -> None:
    # spaCy's training loop offers no callback that gets the scores.
    evaluate = getattr(nlp.evaluate, "untold", nlp.evaluate)

    def evaluate_and_tell(*args: Any, **kwargs: Any) -> Dict[str, Any]:
        scores = evaluate(*args, **kwargs)
        observe(scores_by_task(nlp, scores))
        return scores

    # Another training of the same pipeline takes the place of this one.
    evaluate_and_tell.untold = evaluate  # type: ignore[attr-defined]
    nlp.evaluate = evaluate_and_tell  # type: ignore[method-assign]
