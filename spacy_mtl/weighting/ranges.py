"""Check the ranges of settings, and say where they are in a config."""

import math
from typing import Any, Dict, NoReturn, Optional, Sequence

from ..registry import BLOCKS

BLOCK = BLOCKS["mtl_weightings"]


def check_positive(method: str, **settings: Any) -> None:
    """Reject settings that are not above 0.

    method (str): The name of the method.
    **settings (float): The settings.
    RAISES (ValueError): If one is missing or not a finite number above 0.
    """
    _check_sign(method, settings, ">")


def check_not_negative(method: str, **settings: Any) -> None:
    """Reject settings below 0.

    method (str): The name of the method.
    **settings (float): The settings.
    RAISES (ValueError): If one is not a finite number >= 0.
    """
    _check_sign(method, settings, ">=")


def check_below(method: str, limit: float, **settings: Any) -> None:
    """Reject settings that are not below a limit.

    method (str): The name of the method.
    limit (float): The limit.
    **settings (float): The settings.
    RAISES (ValueError): If one is not.
    """
    for name, value in settings.items():
        if value >= limit:
            _refuse(method, name, value, f"must be < {limit}")


def check_between(method: str, low: float, high: float, **settings: Any) -> None:
    """Reject settings outside their range.

    method (str): The name of the method.
    low (float): The lowest valid value.
    high (float): The highest valid value.
    **settings (float): The settings.
    RAISES (ValueError): If one is outside.
    """
    for name, value in settings.items():
        if not low <= value <= high:
            _refuse(method, name, value, f"must be in [{low}, {high}]")


def check_count(method: str, **settings: Any) -> None:
    """Reject settings that are not a count.

    method (str): The name of the method.
    **settings (int): The settings.
    RAISES (ValueError): If one is not a whole number >= 0.
    """
    for name, value in settings.items():
        if not isinstance(value, int) or value < 0:
            _refuse(method, name, value, "is a whole number >= 0")


def check_choice(method: str, choices: Sequence[str], **settings: Any) -> None:
    """Reject settings that are not among the choices.

    method (str): The name of the method.
    choices (Sequence[str]): The valid values.
    **settings (str): The settings.
    RAISES (ValueError): If one is anything else.
    """
    for name, value in settings.items():
        if value not in choices:
            _refuse(method, name, value, f"must be one of: {', '.join(choices)}")


def check_learn_rate(method: str, learn_rate: Optional[float]) -> float:
    """Reject a learned weighting without a learning rate.

    method (str): The name of the method.
    learn_rate (Optional[float]): The setting.
    RETURNS (float): The same value.
    RAISES (ValueError): If it is missing, or not above 0.
    """
    if learn_rate is None:
        raise ValueError(
            f"{method} learns its weights and needs its own learning rate. Set 'learn_rate' in "
            f"{BLOCK}: 0.025 is usual; the encoder's learning rate is too small."
        )
    check_positive(method, learn_rate=learn_rate)
    return learn_rate


def _check_sign(method: str, settings: Dict[str, Any], sign: str) -> None:
    for name, value in settings.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        # Also rejects NaN, infinity, and 0 where it must be positive.
        if not is_number or not 0 <= value < math.inf or (value == 0 and sign == ">"):
            _refuse(method, name, value, f"must be a number {sign} 0")


def _refuse(method: str, name: str, value: Any, says: str) -> NoReturn:
    raise ValueError(f"'{name}' of {method} is {value!r}, but it {says}. Fix it in {BLOCK}.")
