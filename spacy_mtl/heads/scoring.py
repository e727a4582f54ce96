"""Calling scorers from this package, from spaCy and from users."""

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
    """Call a scorer with the arguments that it accepts.

    spaCy's scorers pass all their arguments on, along with some that they set themselves. So
    arguments specific to this package only go to scorers that name them, or that accept
    `**kwargs` and don't set the same ones.

    scorer (Callable): Maps examples to scores.
    name (str): The name of the component.
    examples (List[Example]): The examples.
    shared (Mapping[str, Any]): Arguments that spaCy's components pass too: settings and labels.
    own (Mapping[str, Any]): Arguments that only this package's heads pass.
    RETURNS (Dict[str, Any]): The scores; None for NaN and infinite values.
    RAISES (ValueError): If the scorer doesn't return a dict.
    """
    named, takes_all = _parameters(scorer)
    given = {key: value for key, value in shared.items() if takes_all or key in named}
    given.update((key, value) for key, value in own.items() if key in named)
    others = {key: value for key, value in own.items() if key not in named} if takes_all else {}
    try:
        scores = scorer(examples, **{**given, **others})
    except TypeError as err:
        # It sets one of them itself, like spaCy's category scorers.
        if not others or "multiple values" not in str(err):
            raise
        scores = scorer(examples, **given)
    if not isinstance(scores, Mapping):
        raise ValueError(
            f"The scorer of the component '{name}' returned {scores!r}, but it must return a dict "
            f"of scores. Fix the function, or change 'scorer' in [components.{name}]."
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
