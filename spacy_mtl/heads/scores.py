"""Names for what heads set and score, so that two of a kind do not overwrite each other's."""

import warnings
from difflib import get_close_matches
from itertools import combinations
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set

from spacy.language import Language
from spacy.util import combine_score_weights

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
    head: Any = nlp.get_pipe(name)
    found: Any
    for other, found in nlp.components:
        if other == name or not getattr(found, "is_trainable", False):
            continue
        is_head = hasattr(found, "output_keys")
        same = set(score_weights_of(nlp, other, found)) & set(score_weights_of(nlp, name, head))
        if same and is_head and head.score_prefix and found.score_prefix:
            raise ValueError(
                f"The heads '{other}' and '{name}' both report {_some(same)}: one score would "
                f"overwrite the other. Mend 'score_prefix' in [components.{name}] or "
                f"[components.{other}]."
            )
        if same:
            head.score_prefix = head.score_prefix or name
            if is_head:
                found.score_prefix = found.score_prefix or other
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
    heads = [name for name, pipe in nlp.components if hasattr(pipe, "output_keys")]
    for name in heads:
        # Of stock components beside them, a warning tells when they are initialised.
        for message in find_collisions(nlp, name, heads):
            raise ValueError(message)
    trained = [(n, pipe) for n, pipe in nlp.components if getattr(pipe, "is_trainable", False)]
    for (name, one), (other, found) in combinations(trained, 2):
        same = set(score_weights_of(nlp, name, one)) & set(score_weights_of(nlp, other, found))
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
    head: Any = nlp.get_pipe(name)
    for other in others:
        if other == name or not getattr(nlp.get_pipe(other), "labels", None) or not head.labels:
            continue
        both = head.output_keys() & output_keys_of(nlp, other)
        if both:
            yield (
                f"The heads '{name}' and '{other}' both set {_some(both)}: one would overwrite "
                f"what the other sets. {head.how_to_part} Mend [components.{name}] or "
                f"[components.{other}]."
            )


def output_keys_of(nlp: Language, name: str) -> Set[str]:
    """Tell what a component sets, as `TaskHead.output_keys`.

    nlp (Language): The pipeline.
    name (str): The component, with its labels.
    RETURNS (Set[str]): Of components of spaCy, what they say that they assign.
    """
    pipe: Any = nlp.get_pipe(name)
    if hasattr(pipe, "output_keys"):
        return pipe.output_keys()
    if not getattr(pipe, "is_trainable", False):
        # Such as an entity ruler, beside which a head keeps what it finds.
        return set()
    found: Set[str] = set()
    for assigned in nlp.get_pipe_meta(name).assigns:
        if assigned == "doc.cats":
            found.update(f"doc.cats['{label}']" for label in pipe.labels)
        elif assigned == "doc.spans":
            found.add(f"doc.spans['{spans_key_of(pipe)}']")
        elif assigned.startswith("token.") and assigned != "token.ent_iob":
            found.add(assigned)
    return found


def spans_key_of(pipe: Any) -> Optional[str]:
    """RETURNS (Optional[str]): Which of `doc.spans` is a component's. None if none is."""
    found = getattr(pipe, "spans_key", None)
    # That of stock components is in their settings.
    return found or getattr(pipe, "cfg", {}).get("spans_key")


def _pass_weights_on(nlp: Language, weights: Weights) -> None:
    reported: Set[str] = set()
    heirs: Dict[str, List[str]] = {}
    for name, pipe in nlp.components:
        default: Any = nlp.get_pipe_meta(name).default_score_weights or {}
        own = score_weights_of(nlp, name, pipe)
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
    known = {key for name, pipe in nlp.components for key in score_weights_of(nlp, name, pipe)}
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
    for name, pipe in nlp.components:
        weights: Any = nlp.get_pipe_meta(name).default_score_weights
        if weights:
            found.append(score_weights_of(nlp, name, pipe) if own else weights)
    return combine_score_weights(found)


def score_weights_of(nlp: Language, name: str, pipe: Any) -> Weights:
    """Tell which scores a component reports by default, and how much each counts.

    nlp (Language): The pipeline.
    name (str): The name of the component.
    pipe (Callable): The component.
    RETURNS (Weights): By key, such as "topic_cats_score".
    """
    weights: Any = nlp.get_pipe_meta(name).default_score_weights or {}
    own = pipe.own_score_weights(weights) if hasattr(pipe, "own_score_weights") else weights
    return prefixed(own, getattr(pipe, "score_prefix", ""))


def _some(keys: Iterable[str]) -> str:
    first, *others = sorted(keys)
    return f"'{first}'" + (f" and {len(others)} more" if others else "")
