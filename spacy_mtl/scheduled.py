"""Numbers in a config that may be thinc schedules, looked up by step."""

import math
from numbers import Real
from typing import Any, Collection, Dict, Iterable, List, Union

from .hints import is_finite, shortened

#: What `read_number` makes of a config entry.
Number = Union[float, "ScheduledNumber"]


class ScheduledNumber:
    """The values of a thinc schedule by step. A schedule that ends keeps its last value.

    Schedules are generators, so past values are kept: a resumed training looks them up by step.

    values (Iterable[float]): The schedule, as `@schedules` in a config makes it.
    title (str): What it is, for messages, such as "The weight of task 'ner'".
    hint (str): How to fix it, for messages.
    most (float): The largest value allowed.
    """

    #: Also that of objects pickled before there was such a limit.
    most = math.inf

    def __init__(
        self, values: Iterable[float], title: str, hint: str, most: float = math.inf
    ) -> None:
        self.title = title
        self.hint = hint
        self.most = most
        self._values = iter(values)
        self._seen: List[float] = []
        self._is_cut = False

    def at(self, step: int) -> float:
        """Look up the value at a step.

        step (int): The step, from 0.
        RETURNS (float): The value.
        RAISES (ValueError): If it is out of range or not finite, or there is none.
        """
        while len(self._seen) <= step:
            if self._is_cut:
                raise ValueError(
                    f"{self.title} comes from a schedule, which cannot continue in a pickled or "
                    "deep copy, because generators cannot be copied. Train the original, or save "
                    "the pipeline (nlp.to_disk) and load it."
                )
            try:
                self._seen.append(next(self._values))
            except StopIteration:
                break
        if not self._seen:
            raise ValueError(f"{self.title} comes from a schedule without values. {self.hint}")
        value = self._seen[min(step, len(self._seen) - 1)]
        _check(value, self.title, f" at step {step} of its schedule", self.hint, self.most)
        return float(value)

    def check(self) -> None:
        """Check the first value before training begins.

        RAISES (ValueError): If it is out of range or not finite, or there is none.
        """
        if self._seen or not self._is_cut:
            self.at(0)

    def __getstate__(self) -> Dict[str, Any]:
        # Generators cannot be pickled, and a copy that only predicts does not need them.
        return {**self.__dict__, "_values": iter(()), "_is_cut": True}


def read_number(entry: Any, title: str, hint: str, most: float = math.inf) -> Number:
    """Read a config entry that is a number or a schedule.

    entry (Union[float, Iterable[float]]): A number >= 0, or a schedule of such numbers.
    title (str): What it is, for messages.
    hint (str): How to fix it, for messages.
    most (float): The largest value allowed.
    RETURNS (Number): The input of `number_at`.
    RAISES (ValueError): If it is neither.
    """
    if isinstance(entry, Iterable) and not isinstance(entry, Collection):
        return ScheduledNumber(entry, title, hint, most)
    _check(entry, title, "", hint, most)
    return float(entry)


def number_at(number: Number, step: int) -> float:
    """RETURNS (float): The value at a step, from 0."""
    return number.at(step) if isinstance(number, ScheduledNumber) else number


def _check(value: Any, title: str, when: str, hint: str, most: float) -> None:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= most or not is_finite(value):
        what = "a finite number >= 0" if most == math.inf else f"a number from 0 to {most:g}"
        raise ValueError(
            f"{title} is {shortened(value)}{when}, but must be {what}, or a schedule of such "
            f"numbers. {hint}"
        )
