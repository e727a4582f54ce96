"""The scores that tasks report: their keys and weights."""

from typing import Any, Dict, Iterable, Optional

from spacy.language import Language

from .stock import task_of

Weights = Dict[str, Optional[float]]


def prefixed(scores: Dict[str, Any], prefix: str) -> Dict[str, Any]:
    """Add a prefix to score keys.

    scores (Dict[str, Any]): Scores by spaCy's keys.
    prefix (str): The prefix; "" changes nothing.
    RETURNS (Dict[str, Any]): Scores by keys such as "topic_cats_score".
    """
    return {f"{prefix}_{key}": value for key, value in scores.items()} if prefix else scores


def score_weights_of(nlp: Language, name: str) -> Weights:
    """Get the scores that a component reports by default, and their weights.

    nlp (Language): The pipeline.
    name (str): The name of the component.
    RETURNS (Weights): Weights by key, such as "topic_cats_score".
    """
    weights: Any = nlp.get_pipe_meta(name).default_score_weights or {}
    task = task_of(nlp, name)
    return prefixed(task.own_score_weights(weights), task.score_prefix)


def scores_by_task(nlp: Language, scores: Dict[str, Any]) -> Dict[str, float]:
    """Average each task's scores by their default weights.

    nlp (Language): The pipeline.
    scores (Dict[str, Any]): The output of `nlp.evaluate`.
    RETURNS (Dict[str, float]): One score per component that has any.
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
    """RETURNS (str): The first key and the number of others, for messages."""
    first, *others = sorted(keys)
    return f"'{first}'" + (f" and {len(others)} more" if others else "")
