"""The scores that tasks report: their keys, and how much each counts."""

from typing import Any, Dict, Iterable, Optional

from spacy.language import Language

from .stock import task_of

Weights = Dict[str, Optional[float]]


def prefixed(scores: Dict[str, Any], prefix: str) -> Dict[str, Any]:
    """Rename scores.

    scores (Dict[str, Any]): By spaCy's keys.
    prefix (str): "" leaves them.
    RETURNS (Dict[str, Any]): By keys such as "topic_cats_score".
    """
    return {f"{prefix}_{key}": value for key, value in scores.items()} if prefix else scores


def score_weights_of(nlp: Language, name: str) -> Weights:
    """Tell which scores a component reports by default, and how much each counts.

    nlp (Language): The pipeline.
    name (str): The name of the component.
    RETURNS (Weights): By key, such as "topic_cats_score".
    """
    weights: Any = nlp.get_pipe_meta(name).default_score_weights or {}
    task = task_of(nlp, name)
    return prefixed(task.own_score_weights(weights), task.score_prefix)


def scores_by_task(nlp: Language, scores: Dict[str, Any]) -> Dict[str, float]:
    """Sum up each task's scores, by their default weights.

    nlp (Language): The pipeline.
    scores (Dict[str, Any]): What `nlp.evaluate` gave.
    RETURNS (Dict[str, float]): By component; without those that have none.
    """
    found = {}
    for name in nlp.pipe_names:
        weights = score_weights_of(nlp, name)
        known = {key: w for key, w in weights.items() if w and scores.get(key) is not None}
        if known:
            total = sum(known.values())
            found[name] = sum(float(scores[key]) * w for key, w in known.items()) / total
    return found


def some_of(keys: Iterable[str]) -> str:
    """RETURNS (str): The first key, and how many more there are, for messages."""
    first, *others = sorted(keys)
    return f"'{first}'" + (f" and {len(others)} more" if others else "")
