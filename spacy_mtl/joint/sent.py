"""What the tasks of one rank have sent in a step, and what that makes over all ranks."""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ..ranks.group import Group, Weighed, mean_of


@dataclass(frozen=True)
class Sent:
    """What the tasks have sent on one rank, in numbers.

    tasks (List[str]): Those that have sent a gradient.
    reports (Dict[str, Tuple[float, int]]): The reported losses, with their annotated units.
    grown (Dict[str, float]): What each task has added to spaCy's totals.
    units (Dict[str, float]): The number of units with a gradient, of tasks that report none.
    n_docs (int): The number of documents.
    """

    tasks: List[str]
    reports: Dict[str, Tuple[float, int]]
    grown: Dict[str, float]
    units: Dict[str, float]
    n_docs: int


class SentByAll:
    """What the tasks have sent on all ranks.

    sent (Sequence[Sent]): That of each rank.
    rank (int): This rank.
    averaged (Mapping[str, Any]): The tasks whose totals grow by means over documents. Those of
        others grow by sums.
    """

    def __init__(self, sent: Sequence[Sent], rank: int, averaged: Any = ()) -> None:
        self._sent = sent
        self._rank = rank
        self._averaged = averaged
        self.tasks = {task for each in sent for task in each.tasks}

    def report_of(self, task: str) -> Any:
        """RETURNS (Optional[Weighed]): A task's reported loss. None if no rank has a report."""
        found = [each.reports.get(task, (0.0, 0)) for each in self._sent]
        is_reported = any(task in each.reports for each in self._sent)
        return mean_of(found, self._rank) if is_reported else None

    def n_units_of(self, task: str) -> float:
        """RETURNS (float): The number of units with a gradient of a task that reports none."""
        return sum(each.units.get(task, 0.0) for each in self._sent)

    def grown(self, task: str) -> float:
        """RETURNS (float): What a task would have added to the totals with all documents."""
        return self.total(task, [each.grown for each in self._sent])

    def total(self, task: str, values: Sequence[Mapping[str, float]]) -> float:
        """Add up a number that each rank has for a task, in the unit of spaCy's totals.

        task (str): The task.
        values (Sequence[Mapping[str, float]]): The numbers by task, of each rank.
        RETURNS (float): The total.
        """
        found = [each.get(task, 0.0) for each in values]
        if task in self._averaged:
            return mean_of([(v, s.n_docs) for v, s in zip(found, self._sent)], self._rank).value
        return sum(found)

    def share_of(self, task: str) -> float:
        """RETURNS (float): What a task's loss on this rank counts in that of all ranks."""
        report: Weighed = self.report_of(task)
        if report is not None:
            return report.share
        if task in self._averaged:
            return mean_of([(0.0, each.n_docs) for each in self._sent], self._rank).share
        return 1.0


def send(own: Sent, group: Group, averaged: Any = ()) -> SentByAll:
    """Tell all ranks what was sent on this one.

    own (Sent): What was sent on this rank.
    group (Group): The ranks.
    averaged (Mapping[str, Any]): See `SentByAll`.
    RETURNS (SentByAll): What was sent on all.
    """
    return SentByAll(group.gather(own), group.rank, averaged)
