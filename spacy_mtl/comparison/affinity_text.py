"""Show affinities as text, and the grouping that they propose, ready to paste."""

import json
import math
from typing import Callable, List, Optional, Sequence, Tuple

from .affinity import Affinities, Mean
from .grouping import Partition, best_grouping, gain


def affinity_text(found: Affinities) -> str:
    """RETURNS (str): The three tables, one row per task."""
    parts = [
        _table(
            "Cosine of the gradients at the shared representation (below 0: they conflict)",
            found.tasks,
            lambda i, j: _either(found.at_features, found.tasks, i, j),
            "{:+.2f}",
        ),
        _table(
            "Cosine of the gradients at the shared parameters",
            found.tasks,
            lambda i, j: _either(found.at_parameters, found.tasks, i, j),
            "{:+.2f}",
        ),
        _table(
            "Look-ahead: by about how many percent a step for the task of the row lowers the loss "
            "of the task of the column",
            found.tasks,
            lambda i, j: found.ahead.get((found.tasks[i], found.tasks[j])),
            "{:+.3f}",
            factor=100.0,
        ),
    ]
    return "\n\n".join(parts)


def proposed(found: Affinities, n_groups: Optional[int] = None) -> List[List[str]]:
    """RETURNS (List[List[str]]): The names of the tasks to train together, group by group."""
    groups = best_grouping(found.lookahead(), n_groups, found.lookahead_errors())
    return [[found.tasks[i] for i in group] for group in groups]


def grouping_text(found: Affinities, groups: Sequence[Sequence[str]], before: Sequence[str]) -> str:
    """Explain a grouping.

    found (Affinities): The affinities.
    groups (Sequence[Sequence[str]]): The groups.
    before (Sequence[str]): The components in front of the tasks, such as the encoder.
    RETURNS (str): The groups with what each task gains, an option for `spacy mtl compare`, and the
        pipelines.
    """
    numbers: Partition = [[found.tasks.index(task) for task in group] for group in groups]
    affinity = found.lookahead()
    lines = ["Proposed groups (and the mean look-ahead of the others in the group on each task):"]
    for group in numbers:
        gains = [f"{found.tasks[i]} ({100 * gain(affinity, i, group):+.3f} %)" for i in group]
        lines.append(
            "  " + ", ".join(gains if len(group) > 1 else [f"{found.tasks[group[0]]} alone"])
        )
    joined = ";".join(",".join(group) for group in groups)
    lines += [
        "",
        "To see whether it holds, train them:",
        f'  spacy mtl compare ... --groups "{joined}"',
    ]
    lines += ["", "As separate pipelines, in the [nlp] of each config:"]
    lines += [f"  pipeline = {json.dumps([*before, *group])}" for group in groups]
    return "\n".join(lines)


def _either(table: object, tasks: Sequence[str], i: int, j: int) -> Optional[Mean]:
    first, second = min(i, j), max(i, j)
    return table.get((tasks[first], tasks[second]))  # type: ignore[attr-defined]


def _table(
    title: str,
    tasks: Sequence[str],
    mean: Callable[[int, int], Optional[Mean]],
    form: str,
    factor: float = 1.0,
) -> str:
    rows: List[Tuple[str, ...]] = [("", *tasks)]
    for i, task in enumerate(tasks):
        cells = [_cell(mean(i, j), form, factor) for j in range(len(tasks))]
        rows.append((task, *cells))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))])
        for row in rows
    ]
    return "\n".join([f"{title}, mean ± standard error", *(line.rstrip() for line in lines)])


def _cell(mean: Optional[Mean], form: str, factor: float) -> str:
    if mean is None or not mean.n:
        return "-"
    error = (
        "" if math.isnan(mean.error) else f" ± {form.replace('+', '').format(factor * mean.error)}"
    )
    return form.format(factor * mean.value) + error
