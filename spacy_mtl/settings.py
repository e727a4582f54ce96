"""What a config says, looked at before it is used.

confection compares settings with type hints, but takes text for a number ("nan" as well), and
nothing keeps NaN or infinity out of a float. What fits no range is refused by whoever has it.
"""

import inspect
import math
import sys
from collections.abc import Callable as AbstractCallable
from collections.abc import Iterable as AbstractIterable
from collections.abc import Iterator as AbstractIterator
from collections.abc import Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    Literal,
    Optional,
    Tuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from thinc.api import Config, ConfigValidationError

Function = TypeVar("Function", bound=Callable[..., Any])

#: More is none of a number of steps, texts or wordpieces, and JSON cannot hold it.
LARGEST = sys.maxsize
_NAMES = {
    float: "a finite number",
    int: "a whole number",
    bool: "true or false",
    str: "a text",
    Path: "a path",
    type(None): "null",
}


def checked(title: str, block: str) -> Callable[[Function], Function]:
    """Have a function that a config names look at its settings before and after it is called.

    The types are those of its hints. What has no type (`Any`), and each range, the function
    looks at itself: it can say more. What it lets through that is not finite is refused.

    title (str): What it is registered as, for messages.
    block (str): Where its settings are in a config, for messages. "{name}" stands for the
        name of the component that it makes.
    RETURNS (Callable): A decorator, which keeps the signature.
    """

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        hints: Dict[str, Any] = {}

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            # Not when it is decorated: what it gives may be defined below.
            hints.update(hints or get_type_hints(function))
            given = signature.bind(*args, **kwargs).arguments
            name = given.get("name") if "nlp" in signature.parameters else None
            whose = title if name is None else f"the component '{name}'"
            where = f"Mend it in {block.format(name=name)}."
            for key, value in given.items():
                _check_type(key, value, hints.get(key, Any), whose, where)
            made = function(*args, **kwargs)
            for key, value in given.items():
                for path, number in _not_finite(value, key):
                    raise ValueError(
                        f"'{path}' of {whose} is {_short(number)}, but it must be a finite "
                        f"number. {where}"
                    )
            return made

        # spaCy asks for the arguments of a factory without looking through decorators.
        call.__signature__ = signature  # type: ignore[attr-defined]
        return call  # type: ignore[return-value]

    return decorate


def check_finite_config(config: Dict[str, Any]) -> None:
    """Refuse a config with a number that is not finite, or too large, and say where it is.

    spaCy does so when it makes a component, before the component's own checks, and prints
    the config without the place.

    config (Dict[str, Any]): The config, interpolated or not.
    RAISES (ConfigValidationError): If there is such a number, with all of them.
    """
    if isinstance(config, Config) and not config.is_interpolated:
        config = config.interpolate()
    errors = [
        {
            "loc": path.split("."),
            "msg": f"{_short(number)} is not a finite number. Mend {_in_block(path)}.",
        }
        for path, number in _not_finite(config, "")
    ]
    if errors:
        raise ConfigValidationError(
            title="Config validation error",
            desc="Numbers of a config must be finite, and those without a point below 2 ** 63.",
            errors=errors,
        )


def _check_type(key: str, value: Any, hint: Any, whose: str, where: str) -> None:
    found = _misfit(key, value, hint)
    if found is None:
        return
    path, wrong, expected = found
    hint_of_text = ""
    if isinstance(wrong, str) and any(word in expected for word in ("number", "true")):
        hint_of_text = " Write it without quotes."
    too_large = isinstance(wrong, int) and abs(wrong) > LARGEST
    raise ValueError(
        f"'{path}' of {whose} is {_short(wrong)}, but it must be {expected}"
        f"{', below 2 ** 63' if too_large else ''}.{hint_of_text} {where}"
    )


def _misfit(path: str, value: Any, hint: Any) -> Optional[Tuple[str, Any, str]]:
    """The first value that does not fit a type: where it is, what it is, what it should be."""
    if hint is Any:
        return None
    origin, args = get_origin(hint), get_args(hint)
    if origin is Union:
        found = [_misfit(path, value, arg) for arg in args]
        if None in found:
            return None
        # The one that got deepest says most.
        deepest = max((each for each in found if each is not None), key=lambda each: len(each[0]))
        return (path, value, _named(hint)) if deepest[0] == path else deepest
    if origin is Literal:
        return None if value in args else (path, value, _named(hint))
    kind = origin or hint
    if not _is_a(value, kind):
        return path, value, _named(hint)
    if isinstance(value, Mapping) and len(args) == 2:
        for key, each in value.items():
            below = _misfit(f"{path}.{key}", key, args[0]) or _misfit(
                f"{path}.{key}", each, args[1]
            )
            if below is not None:
                return below
    elif isinstance(value, (list, tuple)) and len(args) == 1:
        for i, each in enumerate(value):
            below = _misfit(f"{path}.{i}", each, args[0])
            if below is not None:
                return below
    return None


def _is_a(value: Any, kind: Any) -> bool:
    if kind is float or kind is int:
        kinds = (int, float) if kind is float else (int,)
        # NaN is a float: whoever has a range for it can say more.
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        return is_number and (isinstance(value, float) or _is_finite(value))
    if kind is Path:
        return isinstance(value, (str, Path))
    if kind in (AbstractIterable, AbstractIterator):
        # Thinc's schedules are generators.
        return isinstance(value, kind) and not isinstance(value, (str, bytes, Mapping))
    if kind is Sequence or kind is list:
        return isinstance(value, (list, tuple))
    if kind is AbstractCallable:
        return callable(value)
    try:
        return isinstance(value, kind)
    except TypeError:
        # A protocol, or a name for the type checker only.
        return True


def _named(hint: Any) -> str:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Union:
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


def _not_finite(value: Any, path: str) -> Iterator[Tuple[str, Any]]:
    """Numbers that are not finite, or larger than what can be counted, and where they are."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _not_finite(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for i, each in enumerate(value):
            yield from _not_finite(each, f"{path}.{i}")
    elif isinstance(value, (int, float)) and not _is_finite(value):
        yield path, value


def _is_finite(value: Any) -> bool:
    return abs(value) <= LARGEST if isinstance(value, int) else math.isfinite(value)


def _in_block(path: str) -> str:
    block, _, key = path.rpartition(".")
    return f"'{key}' in [{block}]" if block else f"'{key}'"


def _short(value: Any) -> str:
    if isinstance(value, int) and abs(value) > LARGEST:
        # Python refuses to write out long ones.
        return f"a whole number of about {value.bit_length() * 3 // 10} digits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
