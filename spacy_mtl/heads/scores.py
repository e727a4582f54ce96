"""Names for what heads set and score, so that two of a kind do not overwrite each other's."""

from typing import Any, Dict, Iterable, List, Optional, Tuple

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

    Where two do, the keys of both begin with their names. The weights of spaCy's keys in
    [training.score_weights] go to them, unless a user has set some.

    nlp (Language): The pipeline.
    name (str): A head, with its labels.
    RAISES (ValueError): If two heads are given one prefix.
    """
    is_default = nlp.config["training"]["score_weights"] == _combined(nlp, own=False)
    head: Any = nlp.get_pipe(name)
    for other, found in _other_heads(nlp, name):
        same = set(score_weights_of(nlp, other, found)) & set(score_weights_of(nlp, name, head))
        if same and head.score_prefix and found.score_prefix:
            raise ValueError(
                f"The heads '{other}' and '{name}' both report {_some(same)}: one score would "
                f"overwrite the other. Mend 'score_prefix' in [components.{name}] or "
                f"[components.{other}]."
            )
        if same:
            head.score_prefix = head.score_prefix or name
            found.score_prefix = found.score_prefix or other
    if is_default:
        weights = nlp.config["training"]["score_weights"]
        # spaCy adds its own keys again; so they stay, without a weight.
        weights.update(dict.fromkeys(weights))
        weights.update(_combined(nlp, own=True))


def check_outputs(nlp: Language) -> None:
    """Refuse heads that set the same annotation.

    nlp (Language): The pipeline; heads with their labels.
    RAISES (ValueError): If there are two such heads.
    """
    for name, head in _other_heads(nlp, ""):
        for other, found in _other_heads(nlp, name):
            both = head.output_keys() & found.output_keys()
            if both:
                raise ValueError(
                    f"The heads '{name}' and '{other}' both set {_some(both)}: one would overwrite "
                    f"what the other sets. {head.how_to_part} Mend [components.{name}] or "
                    f"[components.{other}]."
                )


def _other_heads(nlp: Language, name: str) -> List[Tuple[str, Any]]:
    return [(n, p) for n, p in nlp.components if n != name and hasattr(p, "output_keys")]


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
