"""Separate score keys for heads that would share them, and their [training.score_weights]."""

import warnings
from typing import Any, Dict, List, Set

from spacy.language import Language
from spacy.util import combine_score_weights

from ..hints import nearest
from .scores import Weights, score_weights_of, some_of
from .stock import task_of, tasks_of


def separate_scores(nlp: Language, name: str) -> None:
    """Give heads that would report the same scores separate keys.

    Both heads' keys get their names as prefix; a stock component keeps its keys. If no
    component reports a key of [training.score_weights] anymore, its weight goes to the new
    keys, unless the user gave them weights.

    nlp (Language): The pipeline.
    name (str): A head that has its labels.
    RAISES (ValueError): If two heads have the same prefix.
    """
    is_default = nlp.config["training"]["score_weights"] == _combined(nlp, own=False)
    head = task_of(nlp, name)
    for other, found in tasks_of(nlp).items():
        if other == name:
            continue
        same = set(score_weights_of(nlp, other)) & set(score_weights_of(nlp, name))
        if same and head.score_prefix and found.score_prefix:
            raise ValueError(
                f"The heads '{other}' and '{name}' both report {some_of(same)}: one score would "
                f"overwrite the other. Change 'score_prefix' in [components.{name}] or "
                f"[components.{other}]."
            )
        if same:
            head.take_score_prefix(name)
            found.take_score_prefix(other)
    weights = nlp.config["training"]["score_weights"]
    if is_default:
        # spaCy would add its own keys again, so keep them without a weight.
        weights.update(dict.fromkeys(weights))
        weights.update(_combined(nlp, own=True))
    else:
        _pass_weights_on(nlp, weights)
    _warn_misspelt(nlp, weights)


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
        hint = nearest(key, known, cutoff=0.8) if weight and key not in known else ""
        if hint:
            warnings.warn(
                f"[training.score_weights] has a weight for '{key}', but no component reports it. "
                f"{hint.strip()}",
                stacklevel=2,
            )


def _combined(nlp: Language, own: bool) -> Weights:
    found = []
    for name, _ in nlp.components:
        weights: Any = nlp.get_pipe_meta(name).default_score_weights
        if weights:
            found.append(score_weights_of(nlp, name) if own else weights)
    return combine_score_weights(found)
