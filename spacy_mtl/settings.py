"""Check the settings of a config before they are used.

confection compares settings with type hints, but accepts text for numbers (even "nan"), and
nothing keeps NaN or infinity out of a float. Ranges are checked by the functions themselves.
"""

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import wraps
from numbers import Real
from typing import Any, Callable, Dict, Iterator, Optional, Sequence, Tuple, TypeVar, get_type_hints

from thinc.api import Config, ConfigValidationError

from .hints import LARGEST, is_finite, misfit, shortened

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Rule:
    """A requirement that a setting must meet beside its type, unless it is null.

    says (str): What the value must be, for messages.
    holds (Callable[[Any], bool]): Whether a value of the right type meets it.
    """

    says: str
    holds: Callable[[Any], bool]


NOT_EMPTY = Rule("a text that is not empty", bool)
#: Path("") is the current directory.
NOT_EMPTY_PATH = Rule(
    "the path of a file, or null for none", lambda path: str(path) not in ("", ".")
)
AT_LEAST_ONE = Rule("a whole number, 1 or more", lambda number: number >= 1)
AT_LEAST_TWO = Rule("a whole number, 2 or more", lambda number: number >= 2)
ABOVE_ZERO = Rule("a number above 0", lambda number: number > 0)
RATE = Rule("a number from 0 to less than 1", lambda number: 0 <= number < 1)


def one_of(names: Collection[str]) -> Rule:
    """RETURNS (Rule): The rule that a setting is one of some names."""
    return Rule(" or ".join(f'"{name}"' for name in names), lambda name: name in names)


def checked(title: str, block: str, /, **rules: Rule) -> Callable[[Function], Function]:
    """Make a registered function check its settings before and after the call.

    Types are checked against the hints. Settings without a type (`Any`) and ranges are left to
    the function itself, which can say more. Non-finite numbers that it lets through are refused.

    title (str): The registered name, for messages.
    block (str): Where the settings are in a config, for messages. "{name}" stands for the
        name of the component it makes.
    **rules (Rule): Further requirements of settings, beside their types.
    RETURNS (Callable): A decorator that keeps the signature.
    """

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        hints: Dict[str, Any] = {}

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            # Not at decoration time: the return type may be defined further down.
            if not hints:
                hints.update(get_type_hints(function))
            given = signature.bind(*args, **kwargs).arguments
            name = given.get("name") if "nlp" in signature.parameters else None
            whose = title if name is None else f"the component '{name}'"
            where = f"Fix it in {block.format(name=name)}."
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

        # spaCy reads the arguments of a factory without unwrapping decorators.
        call.__signature__ = signature  # type: ignore[attr-defined]
        return call  # type: ignore[return-value]

    return decorate


def check_keys(key: str, given: Mapping[str, Any], taken_by: Any, whose: str, where: str) -> None:
    """Check a block of settings that is passed on to another library's function.

    key (str): The name of the block.
    given (Dict[str, Any]): The block.
    taken_by (Callable): The function or class.
    whose (str): What the block belongs to, for messages.
    where (str): Where it is in a config, for messages.
    RAISES (ValueError): If the block has an unknown key, or a value of the wrong type.
    """
    function = taken_by.__init__ if inspect.isclass(taken_by) else taken_by
    hints = get_type_hints(function)
    known = list(inspect.signature(taken_by).parameters)
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(
            f"'{key}' of {whose} has '{unknown[0]}', but its keys must be among: "
            f"{', '.join(known)}. Fix it in {where}."
        )
    for name, value in given.items():
        _check_type(f"{key}.{name}", value, hints.get(name, Any), whose, f"Fix it in {where}.")


def takes(function: Any, n_arguments: int) -> bool:
    """Check whether something can be called with a number of positional arguments.

    function (Any): What a config has where it should have a function.
    n_arguments (int): The number of arguments.
    RETURNS (bool): Whether it can be called, as far as that is known.
    """
    if not callable(function):
        return False
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # Functions that are not written in Python may have no signature.
        return True
    try:
        signature.bind(*range(n_arguments))
    except TypeError:
        return False
    return True


def read_names(given: Any) -> Sequence[str]:
    """Read a list of names.

    given (Any): The value in the config.
    RETURNS (Sequence[str]): The names; empty unless it is a list of distinct, non-empty texts.
    """
    if not isinstance(given, (list, tuple)):
        return ()
    if not all(isinstance(name, str) and name for name in given) or len({*given}) < len(given):
        return ()
    return tuple(given)


def check_finite_config(config: Dict[str, Any]) -> None:
    """Reject numbers in a config that are not finite or too large, and say where they are.

    spaCy rejects them, too, before a component's own checks run, but prints the config without
    the location.

    config (Dict[str, Any]): The config, interpolated or not.
    RAISES (ConfigValidationError): If there are such numbers; lists them all.
    """
    if isinstance(config, Config) and not config.is_interpolated:
        config = config.interpolate()
    errors = [
        {
            "loc": path.split("."),
            "msg": f"{shortened(number)} is not a finite number. Fix {_in_block(path)}.",
        }
        for path, number in _not_finite(config, "")
    ]
    if errors:
        raise ConfigValidationError(
            title="Config validation error",
            desc="Numbers in a config must be finite, and whole numbers below 2 ** 63.",
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
    """Yield numbers that are not finite or too large, with their paths."""
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
    # List items do not have a block of their own.
    n = next((i - 1 for i, name in enumerate(names) if i and name.isdigit()), len(names) - 1)
    block, key = ".".join(names[:n]), ".".join(names[n:])
    return f"'{key}' in [{block}]" if block else f"'{key}'"
