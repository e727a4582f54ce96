"""Names for what tasks set and score, so that two of a kind do not overwrite each other's."""

import warnings
from difflib import get_close_matches
from itertools import combinations
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set

from spacy.language import Language
from spacy.util import combine_score_weights

from .stock import task_of
from .task import Task

Weights = Dict[str, Optional[float]]


def prefixed(scores: Dict[str, Any], prefix: str) -> Dict[str, Any]:
    """Rename scores.

    scores (Dict[str, Any]): By spaCy's keys.
    prefix (str): "" leaves them.
    RETURNS (Dict[str, Any]): By keys such as "topic_cats_score".
    """
    return {f"{prefix}_{key}": value for key, value in scores.items()} if prefix else scores


def part_heads(nlp: Language, name: str) -> None:
    """Give heads that would report the same scores keys of their own.

    Where two do, the keys of both begin with their names; those of a stock component stay. The
    weight of a key in [training.score_weights] that nobody reports any more goes to theirs,
    unless a user has given those some.

    nlp (Language): The pipeline.
    name (str): A head, with its labels.
    RAISES (ValueError): If two heads are given one prefix.
    """
    is_default = nlp.config["training"]["score_weights"] == _combined(nlp, own=False)
    head = task_of(nlp, name)
    for other, found in _trained(nlp).items():
        if other == name:
            continue
        same = set(score_weights_of(nlp, other)) & set(score_weights_of(nlp, name))
        if same and head.score_prefix and found.score_prefix:
            raise ValueError(
                f"The heads '{other}' and '{name}' both report {_some(same)}: one score would "
                f"overwrite the other. Mend 'score_prefix' in [components.{name}] or "
                f"[components.{other}]."
            )
        if same:
            head.take_score_prefix(name)
            found.take_score_prefix(other)
    weights = nlp.config["training"]["score_weights"]
    if is_default:
        # spaCy adds its own keys again; so they stay, without a weight.
        weights.update(dict.fromkeys(weights))
        weights.update(_combined(nlp, own=True))
    else:
        _pass_weights_on(nlp, weights)
    _warn_misspelt(nlp, weights)


def check_outputs(nlp: Language) -> None:
    """Refuse heads that set the same annotation, or report the same scores.

    nlp (Language): The pipeline; heads with their labels.
    RAISES (ValueError): If there are two such heads.
    """
    heads = [name for name, pipe in nlp.components if isinstance(pipe, Task)]
    for name in heads:
        # Of stock components beside them, a warning tells when they are initialised.
        for message in find_collisions(nlp, name, heads):
            raise ValueError(message)
    for name, other in combinations(_trained(nlp), 2):
        same = set(score_weights_of(nlp, name)) & set(score_weights_of(nlp, other))
        head = name if name in heads else other
        # Those of one pipeline have been parted. Sourced ones have not.
        if same and head in heads:
            raise ValueError(
                f"The components '{name}' and '{other}' both report {_some(same)}: one score would "
                f"overwrite the other. Where '{head}' is sourced from, say "
                f"`nlp.get_pipe('{head}').score_prefix = '{head}'`, and save it again."
            )


def find_collisions(nlp: Language, name: str, others: Iterable[str]) -> Iterator[str]:
    """Find components that set the same annotation as a head.

    nlp (Language): The pipeline; heads with their labels.
    name (str): The head.
    others (Iterable[str]): The components.
    YIELDS (str): What to tell a user.
    """
    head = task_of(nlp, name)
    for other in others:
        found = task_of(nlp, other)
        if other == name or not found.labels or not head.labels:
            continue
        both = head.output_keys() & found.output_keys()
        if both:
            yield (
                f"The heads '{name}' and '{other}' both set {_some(both)}: one would overwrite "
                f"what the other sets. {head.how_to_part} Mend [components.{name}] or "
                f"[components.{other}]."
            )


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


def _trained(nlp: Language) -> Dict[str, Task]:
    found = ((name, task_of(nlp, name)) for name, _ in nlp.components)
    return {name: task for name, task in found if task.is_trainable}


def _pass_weights_on(nlp: Language, weights: Weights) -> None:
    reported: Set[str] = set()
    heirs: Dict[str, List[str]] = {}
    for name, _ in nlp.components:
        default: Any = nlp.get_pipe_meta(name).default_score_weights or {}
        own = score_weights_of(nlp, name)
        reported.update(own)
        for key in own:
            weights.setdefault(key, None)
        of_default, of_own = ([k for k, w in found.items() if w] for found in (default, own))
        for key, heir in zip(of_default, of_own):
            heirs.setdefault(key, []).append(heir)
    for key, found in heirs.items():
        weight = weights.get(key)
        if weight and key not in reported:
            weights[key] = None
            if not any(weights[heir] for heir in found):
                weights.update(dict.fromkeys(found, weight / len(found)))


def _warn_misspelt(nlp: Language, weights: Weights) -> None:
    known = {key for name, _ in nlp.components for key in score_weights_of(nlp, name)}
    for key, weight in weights.items():
        near = get_close_matches(key, known, n=1, cutoff=0.8) if weight else []
        if near and key not in known:
            warnings.warn(
                f"[training.score_weights] gives a weight to '{key}', which no component reports. "
                f"Did you mean '{near[0]}'?",
                stacklevel=2,
            )


def _combined(nlp: Language, own: bool) -> Weights:
    found = []
    for name, _ in nlp.components:
        weights: Any = nlp.get_pipe_meta(name).default_score_weights
        if weights:
            found.append(score_weights_of(nlp, name) if own else weights)
    return combine_score_weights(found)


def _some(keys: Iterable[str]) -> str:
    first, *others = sorted(keys)
    return f"'{first}'" + (f" and {len(others)} more" if others else "")
