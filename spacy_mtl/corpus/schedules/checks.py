"""Checks of the settings of schedules."""

import warnings
from typing import Any, Sequence

BLOCK = "the block [schedule] of the corpus (usually [corpora.train.schedule])"


def check_names(what: str, named: Sequence[str], known: Sequence[str], kind: str) -> None:
    """Refuse names of corpora or tasks that there are not.

    what (str): Where they are named, for the message, such as "'shares'".
    named (Sequence[str]): The names.
    known (Sequence[str]): Those that there are.
    kind (str): What they are names of: "corpora" or "tasks".
    RAISES (ValueError): If one is unknown.
    """
    unknown = [name for name in named if name not in known]
    if unknown:
        raise ValueError(
            f"{what} of the schedule names {_quoted(unknown)}, but the {kind} are "
            f"{_quoted(known)}. Mend it in {BLOCK}."
        )


def warn_left_out(corpora: Sequence[str]) -> None:
    """Warn of corpora that a schedule never draws.

    corpora (Sequence[str]): The names.
    """
    if corpora:
        warnings.warn(
            f"The schedule never draws from {_quoted(corpora)}: tasks that only they annotate are "
            f"not trained. If that is not meant, mend {BLOCK}.",
            stacklevel=2,
        )


def check_between(schedule: str, low: float, high: float, **settings: Any) -> None:
    """Refuse settings out of their range.

    schedule (str): The name of the schedule.
    low (float): The least that is allowed.
    high (float): The most.
    **settings (float): The settings.
    RAISES (ValueError): If one is no number of that range.
    """
    for name, value in settings.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            raise ValueError(
                f"'{name}' of {schedule} is {value!r}, but it is a number from {low:g} to "
                f"{high:g}. Mend it in {BLOCK}."
            )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
