"""Check the settings of schedules."""

import warnings
from typing import Any, Sequence

BLOCK = "the [schedule] block of the corpus (usually [corpora.train.schedule])"


def check_names(what: str, named: Sequence[str], known: Sequence[str], kind: str) -> None:
    """Reject names of unknown corpora or tasks.

    what (str): The setting, for the message, such as "'shares'".
    named (Sequence[str]): The names in the setting.
    known (Sequence[str]): The known names.
    kind (str): What the names refer to: "corpora" or "tasks".
    RAISES (ValueError): If one is unknown.
    """
    unknown = [name for name in named if name not in known]
    if unknown:
        raise ValueError(
            f"{what} of the schedule names {_quoted(unknown)}, but the {kind} are "
            f"{_quoted(known)}. Fix it in {BLOCK}."
        )


def warn_left_out(corpora: Sequence[str]) -> None:
    """Warn about corpora that a schedule never draws.

    corpora (Sequence[str]): The names.
    """
    if corpora:
        warnings.warn(
            f"The schedule never draws from {_quoted(corpora)}: tasks annotated only there are "
            f"not trained. If that is not intended, fix {BLOCK}.",
            stacklevel=2,
        )


def check_between(schedule: str, low: float, high: float, **settings: Any) -> None:
    """Reject settings that are out of range.

    schedule (str): The name of the schedule.
    low (float): The smallest valid value.
    high (float): The largest valid value.
    **settings (float): The settings.
    RAISES (ValueError): If a setting is not a number in that range.
    """
    for name, value in settings.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            raise ValueError(
                f"'{name}' of {schedule} is {value!r}, but must be a number from {low:g} to "
                f"{high:g}. Fix it in {BLOCK}."
            )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
