"""Numbers of a config that may be thinc schedules, looked up by step."""

from numbers import Real
from typing import Any, Collection, Dict, Iterable, List, Union

from .hints import is_finite, shortened

#: What `read_number` makes of the entry of a config.
Number = Union[float, "ScheduledNumber"]


class ScheduledNumber:
    """The values of a thinc schedule by step. Those of one that ends keep the last.

    Schedules are generators: what they have given is kept, so that a training which goes on
    finds its place again.

    values (Iterable[float]): The schedule: what `@schedules` in a config makes.
    title (str): What it is, for messages, such as "The weight of task 'ner'".
    hint (str): How to mend it.
    """

    def __init__(self, values: Iterable[float], title: str, hint: str) -> None:
        self.title = title
        self.hint = hint
        self._values = iter(values)
        self._seen: List[float] = []
        self._is_cut = False

    def at(self, step: int) -> float:
        """Look up a value.

        step (int): Which, from 0.
        RETURNS (float): The value.
        RAISES (ValueError): If it is no finite number >= 0, or there is none.
        """
        while len(self._seen) <= step:
            if self._is_cut:
                raise ValueError(
                    f"{self.title} comes from a schedule, which does not go on in a copy that was "
                    "pickled or deep-copied: generators can't be. Train the original, or save the "
                    "pipeline (nlp.to_disk) and load it."
                )
            try:
                self._seen.append(next(self._values))
            except StopIteration:
                break
        if not self._seen:
            raise ValueError(f"{self.title} comes from a schedule that gives no value. {self.hint}")
        value = self._seen[min(step, len(self._seen) - 1)]
        _check(value, self.title, f" at step {step}, by its schedule", self.hint)
        return float(value)

    def check(self) -> None:
        """Look at the first value, before training begins.

        RAISES (ValueError): If it is no finite number >= 0, or there is none.
        """
        if self._seen or not self._is_cut:
            self.at(0)

    def __getstate__(self) -> Dict[str, Any]:
        # Generators cannot be pickled. What is pickled to predict elsewhere needs none.
        return {**self.__dict__, "_values": iter(()), "_is_cut": True}


def read_number(entry: Any, title: str, hint: str) -> Number:
    """Read the entry of a config.

    entry (Union[float, Iterable[float]]): A number >= 0, or a schedule of such numbers.
    title (str): What it is, for messages.
    hint (str): How to mend it.
    RETURNS (Number): For `number_at`.
    RAISES (ValueError): If it is neither.
    """
    if isinstance(entry, Iterable) and not isinstance(entry, Collection):
        return ScheduledNumber(entry, title, hint)
    _check(entry, title, "", hint)
    return float(entry)


def number_at(number: Number, step: int) -> float:
    """RETURNS (float): The value at a step, from 0."""
    return number.at(step) if isinstance(number, ScheduledNumber) else number


def _check(value: Any, title: str, when: str, hint: str) -> None:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or value < 0 or not is_finite(value):
        raise ValueError(
            f"{title} is {shortened(value)}{when}. It is a finite number >= 0, or a schedule of "
            f"such numbers. {hint}"
        )
