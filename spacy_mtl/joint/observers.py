"""Observers: callables that receive the report of each joint step."""

from typing import Any, Callable, List, Optional

from ..plain import as_monitor
from ..types import Monitor, Observer, StepReport


class Observers(List[Observer]):
    """The observers of a joint component, in the order they were added."""

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """Add an observer.

        observer (Callable[[StepReport], None]): Receives the report of each step.
        RETURNS (Callable[[], None]): Removes the observer. Does nothing if it is already gone.
        """
        self.append(observer)

        def unsubscribe() -> None:
            # Compare identities: another observer may be equal to this one.
            self[:] = [each for each in self if each is not observer]

        return unsubscribe

    def tell(self, report: StepReport) -> None:
        """Pass a report to all observers.

        report (StepReport): The report of a step that has closed.
        """
        # Iterate over a copy: an observer may unsubscribe while it is called.
        for observe in list(self):
            observe(report)

    @property
    def monitor(self) -> Optional[Monitor]:
        """RETURNS (Optional[Monitor]): The first observer that is a monitor, if any."""
        return next((each for each in self if isinstance(each, Monitor)), None)

    @monitor.setter
    def monitor(self, monitor: Any) -> None:
        self[:] = [each for each in self if not isinstance(each, Monitor)]
        if monitor is not None:
            self.append(as_monitor(monitor))
