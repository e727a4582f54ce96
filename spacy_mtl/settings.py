"""What a config says, looked at before it is used.

confection compares settings with type hints, but takes text for a number ("nan" as well), and
nothing keeps NaN or infinity out of a float. What fits no range is refused by whoever has it.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import wraps
from numbers import Real
from typing import Any, Callable, Dict, Iterator, Optional, Sequence, Tuple, TypeVar, get_type_hints

from thinc.api import Config, ConfigValidationError

from .hints import LARGEST, is_finite, misfit, shortened

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Rule:
    """What a setting has to be beside its type, where it is not null.

    says (str): In words, for messages.
    holds (Callable[[Any], bool]): Whether a value of the right type is so.
    """

    says: str
    holds: Callable[[Any], bool]


NOT_EMPTY = Rule("a text that is not empty", bool)
#: Path("") is the folder one is in.
NOT_EMPTY_PATH = Rule(
    "the path of a file, or null for none", lambda path: str(path) not in ("", ".")
)
AT_LEAST_ONE = Rule("a whole number, 1 or more", lambda number: number >= 1)


def checked(title: str, block: str, /, **rules: Rule) -> Callable[[Function], Function]:
    """Have a function that a config names look at its settings before and after it is called.

    The types are those of its hints. What has no type (`Any`), and each range, the function
    looks at itself: it can say more. What it lets through that is not finite is refused.

    title (str): What it is registered as, for messages.
    block (str): Where its settings are in a config, for messages. "{name}" stands for the
        name of the component that it makes.
    **rules (Rule): What a setting has to be beside its type.
    RETURNS (Callable): A decorator, which keeps the signature.
    """

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        hints: Dict[str, Any] = {}

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            # Not when it is decorated: what it gives may be defined below.
            if not hints:
                hints.update(get_type_hints(function))
            given = signature.bind(*args, **kwargs).arguments
            name = given.get("name") if "nlp" in signature.parameters else None
            whose = title if name is None else f"the component '{name}'"
            where = f"Mend it in {block.format(name=name)}."
            for key, value in given.items():
                _check_type(key, value, hints.get(key, Any), whose, where)
                _check_rule(key, value, rules.get(key), whose, where)
            made = function(*args, **kwargs)
            for key, value in given.items():
                for path, number in _not_finite(value, key):
                    raise ValueError(
                        f"'{path}' of {whose} is {shortened(number)}, but it must be a finite "
                        f"number. {where}"
                    )
            return made

        # spaCy asks for the arguments of a factory without looking through decorators.
        call.__signature__ = signature  # type: ignore[attr-defined]
        return call  # type: ignore[return-value]

    return decorate


def check_keys(key: str, given: Mapping[str, Any], taken_by: Any, whose: str, where: str) -> None:
    """Refuse a block of settings that goes to a function of another library, if it takes no such.

    key (str): The name of the block.
    given (Dict[str, Any]): The block.
    taken_by (Callable): The function, or the class.
    whose (str): What has the block, for messages.
    where (str): Where it is in a config, for messages.
    RAISES (ValueError): If it has an unknown key, or a value of another type.
    """
    function = taken_by.__init__ if inspect.isclass(taken_by) else taken_by
    hints = get_type_hints(function)
    known = list(inspect.signature(taken_by).parameters)
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(
            f"'{key}' of {whose} has '{unknown[0]}', but it is a block with some of: "
            f"{', '.join(known)}. Mend it in {where}."
        )
    for name, value in given.items():
        _check_type(f"{key}.{name}", value, hints.get(name, Any), whose, f"Mend it in {where}.")


def takes(function: Any, n_arguments: int) -> bool:
    """Find out whether something can be called with so many arguments, by position.

    function (Any): What a config names, where a function of a certain kind is asked for.
    n_arguments (int): How many.
    RETURNS (bool): Whether it can, as far as it can be known.
    """
    if not callable(function):
        return False
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # Of functions that are not written in Python.
        return True
    try:
        signature.bind(*range(n_arguments))
    except TypeError:
        return False
    return True


def read_names(given: Any) -> Sequence[str]:
    """Read a list of names.

    given (Any): What a config has.
    RETURNS (Sequence[str]): The names; none, if it is no list of different texts.
    """
    if not isinstance(given, (list, tuple)):
        return ()
    if not all(isinstance(name, str) and name for name in given) or len({*given}) < len(given):
        return ()
    return tuple(given)


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
            "msg": f"{shortened(number)} is not a finite number. Mend {_in_block(path)}.",
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
    found = misfit(key, value, hint)
    if found is None:
        return
    path, wrong, expected = found
    hint_of_text = ""
    if isinstance(wrong, str) and any(word in expected for word in ("number", "true")):
        hint_of_text = " Write it without quotes."
    too_large = isinstance(wrong, int) and abs(wrong) > LARGEST
    raise ValueError(
        f"'{path}' of {whose} is {shortened(wrong)}, but it must be {expected}"
        f"{', below 2 ** 63' if too_large else ''}.{hint_of_text} {where}"
    )


def _check_rule(key: str, value: Any, rule: Optional[Rule], whose: str, where: str) -> None:
    if rule is not None and value is not None and not rule.holds(value):
        raise ValueError(
            f"'{key}' of {whose} is {shortened(value)}, but it must be {rule.says}. {where}"
        )


def _not_finite(value: Any, path: str) -> Iterator[Tuple[str, Any]]:
    """Numbers that are not finite, or larger than what can be counted, and where they are."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _not_finite(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for i, each in enumerate(value):
            yield from _not_finite(each, f"{path}.{i}")
    elif isinstance(value, Real) and not is_finite(value):
        yield path, value


def _in_block(path: str) -> str:
    names = path.split(".")
    # Items of a list have no block of their own.
    n = next((i - 1 for i, name in enumerate(names) if i and name.isdigit()), len(names) - 1)
    block, key = ".".join(names[:n]), ".".join(names[n:])
    return f"'{key}' in [{block}]" if block else f"'{key}'"
