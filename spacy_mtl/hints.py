"""Check values against type hints, more strictly than confection, which takes text for numbers."""

import math
import sys
from collections.abc import Callable as AbstractCallable
from collections.abc import Iterable as AbstractIterable
from collections.abc import Iterator as AbstractIterator
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from numbers import Integral, Real
from pathlib import Path
from types import UnionType
from typing import Any, Iterable, Literal, Optional, Tuple, Union, get_args, get_origin

#: No count of steps, texts or wordpieces exceeds this, and JSON cannot hold more.
LARGEST = sys.maxsize
_NAMES = {
    float: "a finite number",
    int: "a whole number",
    bool: "true or false",
    str: "a text",
    Path: "a path",
    type(None): "null",
}


def misfit(path: str, value: Any, hint: Any) -> Optional[Tuple[str, Any, str]]:
    """Find the first value that does not fit a type.

    path (str): The name of the setting.
    value (Any): The value, possibly nested.
    hint (Any): The type hint. Anything but plain types is compared by class, or not at all.
    RETURNS (Optional[Tuple[str, Any, str]]): The path of the misfit, its value, what it must be.
    """
    if hint is Any:
        return None
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        found = [misfit(path, value, arg) for arg in args]
        if None in found:
            return None
        # The deepest misfit is the most specific.
        deepest = max((each for each in found if each is not None), key=lambda each: len(each[0]))
        return (path, value, _named(hint)) if deepest[0] == path else deepest
    if origin is Literal:
        return None if value in args else (path, value, _named(hint))
    kind = origin or hint
    if not _is_a(value, kind):
        return path, value, _named(hint)
    if isinstance(value, Mapping) and len(args) == 2:
        for key, each in value.items():
            below = misfit(f"{path}.{key}", key, args[0]) or misfit(f"{path}.{key}", each, args[1])
            if below is not None:
                return below
    elif isinstance(value, (list, tuple)) and len(args) == 1:
        for i, each in enumerate(value):
            below = misfit(f"{path}.{i}", each, args[0])
            if below is not None:
                return below
    return None


def is_finite(value: Any) -> bool:
    """RETURNS (bool): Whether a number is not NaN, not infinite, and at most LARGEST if whole."""
    return abs(int(value)) <= LARGEST if isinstance(value, Integral) else math.isfinite(value)


def shortened(value: Any) -> str:
    """RETURNS (str): A value, shortened for a message."""
    if isinstance(value, int) and not is_finite(value):
        # Python refuses to write out long ones.
        return f"a whole number of about {value.bit_length() * 3 // 10} digits"
    try:
        text = repr(value)
    except ValueError:
        # It contains such a number.
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_a(value: Any, kind: Any) -> bool:
    if kind is float or kind is int:
        is_number = isinstance(value, Real if kind is float else Integral)
        if not is_number or isinstance(value, bool):
            return False
        # NaN is a float: checks of the range give a better message.
        return not isinstance(value, Integral) or bool(is_finite(value))
    if kind is Path:
        return isinstance(value, (str, Path))
    if kind in (AbstractIterable, AbstractIterator):
        # thinc's schedules are generators.
        return isinstance(value, kind) and not isinstance(value, (str, bytes, Mapping))
    if kind is Sequence or kind is list:
        return isinstance(value, (list, tuple))
    if kind is AbstractCallable:
        return callable(value)
    try:
        return isinstance(value, kind)
    except TypeError:
        # A protocol, or a name that only exists for type checkers.
        return True


def _named(hint: Any) -> str:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_named(arg) for arg in args))
    if origin is Literal:
        return "one of: " + ", ".join(repr(arg) for arg in args)
    if hint in _NAMES:
        return _NAMES[hint]
    kind = origin or hint
    if kind is dict:
        return "a block of keys and values"
    if kind in (list, Sequence):
        return "a list"
    if kind in (AbstractIterable, AbstractIterator):
        return "a schedule"
    if kind is AbstractCallable:
        return "a function, made by a block with an '@'"
    return f"a {getattr(kind, '__name__', kind)}, made by a block with an '@'"


def nearest(given: str, names: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Suggest the nearest of some names for one that is unknown, whatever its case.

    given (str): The unknown name.
    names (Iterable[str]): The known names.
    cutoff (float): How similar it must be, in [0, 1].
    RETURNS (str): A sentence for a message, with a space at its end. Empty if none is near.
    """
    return suggested(given.lower(), {name.lower(): name for name in names}, cutoff=cutoff)


def suggested(given: str, known: Mapping[str, str], *, n: int = 1, cutoff: float = 0.6) -> str:
    """Suggest names by what of them is compared.

    given (str): What of an unknown name is compared.
    known (Mapping[str, str]): The known names, by what of them is compared.
    n (int): The most names to suggest.
    cutoff (float): How similar they must be, in [0, 1].
    RETURNS (str): A sentence for a message, with a space at its end. Empty if none is near.
    """
    found = get_close_matches(given, known, n=n, cutoff=cutoff)
    if not found:
        return ""
    return f"Did you mean {' or '.join(repr(known[each]) for each in found)}? "
