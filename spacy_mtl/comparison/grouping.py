"""Which tasks to train together, by what each gains from the others."""

from typing import Any, Iterator, List, Optional, Sequence

import numpy

#: The most tasks for which all groupings are tried. Of 8 tasks there are 4140.
MOST_EXACT = 8
#: Differences below this are rounding errors.
_TIE = 1e-12

#: Task numbers, group by group. Each task is in one group.
Partition = List[List[int]]


def best_grouping(
    affinity: numpy.ndarray,
    n_groups: Optional[int] = None,
    errors: Optional[numpy.ndarray] = None,
) -> Partition:
    """Find the groups in which tasks help each other most.

    A task that shares with others gains the mean of their affinities to it; a task alone gains
    nothing. The sum over all tasks counts. Of groupings that are as good as the best, the one with
    the fewest groups: fewer pipelines are cheaper. Exact for up to MOST_EXACT tasks. Beyond, pairs
    of groups are merged greedily.

    affinity (ndarray): Row i, column j: by how much task i helps task j. Shape: (n_tasks, n_tasks).
    n_groups (Optional[int]): The most groups, at least 1. None for any number.
    errors (Optional[ndarray]): The standard errors of the affinities. Groupings within one standard
        error of the best are as good. Without, only equal ones are. Shape: (n_tasks, n_tasks).
    RETURNS (List[List[int]]): The groups, each sorted, by their first task.
    SOURCE: Fifty et al. 2021, arXiv:2109.04617, section 3.2. Differs: each task is trained in one
        group only, where they also train some as mere helpers.
    """
    n_tasks = len(affinity)
    most = n_tasks if n_groups is None else n_groups
    if n_tasks > MOST_EXACT:
        return sorted(_merged(affinity, most, errors))
    totals = [(total_gain(affinity, p), p) for p in partitions(n_tasks) if len(p) <= most]
    top, best = max(totals, key=lambda each: each[0])
    least = top - _TIE - (0.0 if errors is None else _error(errors, best))
    good = [(len(p), -total, p) for total, p in totals if total >= least]
    return min(good)[2]


def total_gain(affinity: numpy.ndarray, groups: Partition) -> float:
    """RETURNS (float): The sum of what all tasks gain in their groups: see `best_grouping`."""
    return sum(gain(affinity, task, group) for group in groups for task in group)


def gain(affinity: numpy.ndarray, task: int, group: Sequence[int]) -> float:
    """RETURNS (float): The mean affinity of the others in a group to a task; 0 without others."""
    others = [other for other in group if other != task]
    return float(numpy.mean([affinity[other, task] for other in others])) if others else 0.0


def _error(errors: numpy.ndarray, groups: Partition) -> float:
    """RETURNS (float): The standard error of the sum of what all tasks gain."""
    squares = (
        (errors[other, task] / (len(group) - 1)) ** 2
        for group in groups
        for task in group
        for other in group
        if other != task
    )
    return float(sum(squares)) ** 0.5


def partitions(n: int) -> Iterator[Partition]:
    """YIELDS (List[List[int]]): Every way to put numbers below n into groups."""
    if n == 0:
        yield []
        return
    for groups in partitions(n - 1):
        for i in range(len(groups)):
            yield [[*group, n - 1] if i == j else group for j, group in enumerate(groups)]
        yield [*groups, [n - 1]]


def _merged(affinity: numpy.ndarray, n_groups: int, errors: Optional[numpy.ndarray]) -> Partition:
    groups: Partition = [[task] for task in range(len(affinity))]
    while len(groups) > 1:
        options: List[Any] = []
        for j in range(len(groups)):
            for i in range(j):
                merged = sorted(groups[i] + groups[j])
                before = total_gain(affinity, [groups[i], groups[j]])
                options.append((total_gain(affinity, [merged]) - before, -i, -j, merged))
        more, i, j, merged = max(options)
        least = -_TIE - (0.0 if errors is None else _error(errors, [merged]))
        if more < least and len(groups) <= n_groups:
            break
        groups = [group for k, group in enumerate(groups) if k not in (-i, -j)] + [merged]
    return groups
