"""The ranges of settings, and where in a config they stand."""

import math
from typing import Any, Dict, NoReturn, Optional, Sequence

BLOCK = "the block [weighting] of the 'mtl' component (usually [components.mtl.weighting])"


def check_positive(method: str, **settings: Any) -> None:
    """Refuse settings that are not above 0.

    method (str): The name of the method.
    **settings (float): The settings.
    RAISES (ValueError): If one is missing or not a finite number above 0.
    """
    _check_sign(method, settings, ">")


def check_not_negative(method: str, **settings: Any) -> None:
    """Refuse settings that are below 0.

    method (str): The name of the method.
    **settings (float): The settings.
    RAISES (ValueError): If one is not a finite number >= 0.
    """
    _check_sign(method, settings, ">=")


def check_below(method: str, limit: float, **settings: Any) -> None:
    """Refuse settings that are not below a limit.

    method (str): The name of the method.
    limit (float): The limit.
    **settings (float): The settings.
    RAISES (ValueError): If one is not.
    """
    for name, value in settings.items():
        if value >= limit:
            _refuse(method, name, value, f"must be < {limit}")


def check_between(method: str, low: float, high: float, **settings: Any) -> None:
    """Refuse settings out of their range.

    method (str): The name of the method.
    low (float): The least that is right.
    high (float): The most.
    **settings (float): The settings.
    RAISES (ValueError): If one is not in between.
    """
    for name, value in settings.items():
        if not low <= value <= high:
            _refuse(method, name, value, f"lies in [{low}, {high}]")


def check_count(method: str, **settings: Any) -> None:
    """Refuse settings that are no count.

    method (str): The name of the method.
    **settings (int): The settings.
    RAISES (ValueError): If one is no whole number >= 0.
    """
    for name, value in settings.items():
        if not isinstance(value, int) or value < 0:
            _refuse(method, name, value, "is a whole number >= 0")


def check_choice(method: str, choices: Sequence[str], **settings: Any) -> None:
    """Refuse settings that are none of some.

    method (str): The name of the method.
    choices (Sequence[str]): What they may be.
    **settings (str): The settings.
    RAISES (ValueError): If one is something else.
    """
    for name, value in settings.items():
        if value not in choices:
            _refuse(method, name, value, f"is one of: {', '.join(choices)}")


def check_learn_rate(method: str, learn_rate: Optional[float]) -> float:
    """Refuse a learned weighting without a learning rate.

    method (str): The name of the method.
    learn_rate (Optional[float]): The setting.
    RETURNS (float): The same.
    RAISES (ValueError): If it is missing, or not above 0.
    """
    if learn_rate is None:
        raise ValueError(
            f"{method} learns its weights and needs a learning rate of its own. Set 'learn_rate' "
            f"in {BLOCK}: 0.025 is usual; the encoder's own rate is too small for it."
        )
    check_positive(method, learn_rate=learn_rate)
    return learn_rate


def _check_sign(method: str, settings: Dict[str, Any], sign: str) -> None:
    for name, value in settings.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        # No number, nan, infinity, and below 0; and 0, if that is not meant.
        if not is_number or not 0 <= value < math.inf or (value == 0 and sign == ">"):
            _refuse(method, name, value, f"must be a number {sign} 0")


def _refuse(method: str, name: str, value: Any, says: str) -> NoReturn:
    raise ValueError(f"'{name}' of {method} is {value!r}, but it {says}. Mend it in {BLOCK}.")
