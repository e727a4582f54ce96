"""Calling scorers: those of this package, of spaCy, and of users."""

import inspect
import math
from typing import Any, Callable, Dict, List, Mapping

from spacy.training import Example


def call_scorer(
    scorer: Callable,
    name: str,
    examples: List[Example],
    shared: Mapping[str, Any],
    own: Mapping[str, Any],
) -> Dict[str, Any]:
    """Call a scorer with what it takes.

    Scorers of spaCy pass all that they get on, beside what they set themselves. So what is known to
    heads of this package only goes to those that name it, or take all and set none of it.

    scorer (Callable): From examples to scores.
    name (str): The component.
    examples (List[Example]): The examples.
    shared (Mapping[str, Any]): What components of spaCy give: settings and labels.
    own (Mapping[str, Any]): What heads of this package give.
    RETURNS (Dict[str, Any]): The scores; None for what is NaN or infinite.
    RAISES (ValueError): If they are no map.
    """
    named, takes_all = _parameters(scorer)
    given = {key: value for key, value in shared.items() if takes_all or key in named}
    given.update((key, value) for key, value in own.items() if key in named)
    others = {key: value for key, value in own.items() if key not in named} if takes_all else {}
    try:
        scores = scorer(examples, **{**given, **others})
    except TypeError as err:
        # It sets one itself, as spaCy's scorers of categories do.
        if not others or "multiple values" not in str(err):
            raise
        scores = scorer(examples, **given)
    if not isinstance(scores, Mapping):
        raise ValueError(
            f"The scorer of the component '{name}' gave {scores!r}, but scores are a map from keys "
            f"to values. Mend the function, or 'scorer' in [components.{name}]."
        )
    return _finite(dict(scores))


def _parameters(scorer: Callable) -> Any:
    try:
        found = inspect.signature(scorer).parameters.values()
    except (TypeError, ValueError):
        return set(), True
    named = {p.name for p in found if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
    return named, any(p.kind is p.VAR_KEYWORD for p in found)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(found) for key, found in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_finite(found) for found in value)
    try:
        return value if math.isfinite(value) else None
    except (TypeError, OverflowError):
        return value
