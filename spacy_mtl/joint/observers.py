"""Those who look on while joint steps close."""

from typing import Any, Callable, List, Optional

from ..plain import as_monitor
from ..types import Monitor, Observer, StepReport


class Observers(List[Observer]):
    """Callables that get the report of each step, in the order in which they came."""

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """Add an observer.

        observer (Callable[[StepReport], None]): Gets the report of each step.
        RETURNS (Callable[[], None]): Removes it again; nothing happens if it is gone.
        """
        self.append(observer)

        def unsubscribe() -> None:
            # Equal ones may be others.
            self[:] = [each for each in self if each is not observer]

        return unsubscribe

    def tell(self, report: StepReport) -> None:
        """Give everyone a report.

        report (StepReport): Of a step that has closed.
        """
        # An observer may leave while it is told.
        for observe in list(self):
            observe(report)

    @property
    def monitor(self) -> Optional[Monitor]:
        """RETURNS (Optional[Monitor]): The first that is one."""
        return next((each for each in self if isinstance(each, Monitor)), None)

    @monitor.setter
    def monitor(self, monitor: Any) -> None:
        self[:] = [each for each in self if not isinstance(each, Monitor)]
        if monitor is not None:
            self.append(as_monitor(monitor))
