"""The charts of a training log."""

import math
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from ..training_log import LogRow
from .chart import Chart
from .curves import draw_cosines, draw_curves, draw_shares

#: The ends of the keys of scores that sum up a task. Precision and recall are left out.
_MAIN_SCORES = ("_acc", "_f", "_score", "_las", "_uas")
Series = Dict[str, List[float]]


def training_charts(rows: Sequence[LogRow], weights: Dict[str, Optional[float]]) -> List[Chart]:
    """Draw a training.

    rows (Sequence[LogRow]): The log.
    weights (Dict[str, Optional[float]]): [training.score_weights], if known: which scores count.
    RETURNS (List[Chart]): The charts for which there is something in the log.
    """
    steps = [row.step for row in rows]
    tasks = _names(row.tasks for row in rows)

    def of_tasks(value: Callable[[LogRow, str], float]) -> Series:
        return {
            task: [value(row, task) if task in row.tasks else math.nan for row in rows]
            for task in tasks
        }

    pairs: List[Tuple[str, str]] = _names(row.cosines for row in rows)
    corpora = _names(row.corpora for row in rows)
    auxiliary = _names(row.auxiliary for row in rows)
    charts = [
        draw_curves(
            "scores",
            "Scores",
            steps,
            _scores(rows, weights),
            "score (%)",
            note="On the development corpus. \u201call\u201d is what selects the best pipeline.",
        ),
        draw_curves(
            "losses",
            "Losses",
            steps,
            of_tasks(lambda row, task: row.tasks[task].loss),
            "loss per unit (nats)",
            note="Means per annotated unit since the evaluation before.",
        ),
        draw_curves(
            "weights",
            "Weights",
            steps,
            of_tasks(lambda row, task: row.tasks[task].weight),
            "effective weight",
            note="The factor of each task\u2019s gradient.",
        ),
        draw_curves(
            "norms",
            "Gradients",
            steps,
            of_tasks(lambda row, task: row.tasks[task].norm),
            "gradient length",
            note="At the shared representation, before weighting.",
        ),
        draw_shares(
            "shares",
            "Gradient shares",
            steps,
            of_tasks(lambda row, task: abs(row.tasks[task].weight) * row.tasks[task].norm),
            "% of all weighted lengths",
            note="How much of what moves the encoder comes from each task.",
        ),
        draw_cosines(
            "cosines",
            "Conflicts",
            steps,
            {
                pair: [
                    row.cosines[pair].cosine if pair in row.cosines else math.nan for row in rows
                ]
                for pair in pairs
            },
            "Cosines between the gradients of two tasks. Below zero, a step that helps one "
            "harms the other.",
        ),
        draw_shares(
            "corpora",
            "Batches per corpus",
            steps,
            {name: [row.corpora.get(name, 0.0) for row in rows] for name in corpora},
            "% of the batches",
            note="Since the evaluation before.",
        ),
        draw_curves(
            "auxiliary",
            "Losses of the sharing scheme",
            steps,
            {
                name: [
                    row.auxiliary[name].loss if name in row.auxiliary else math.nan for row in rows
                ]
                for name in auxiliary
            },
            "loss",
            note="Without their strengths.",
        ),
    ]
    return [chart for chart in charts if chart is not None]


def _scores(rows: Sequence[LogRow], weights: Dict[str, Optional[float]]) -> Series:
    keys = [
        key
        for key in _names(row.scores for row in rows)
        if (weights.get(key) or 0) > 0 or (not any(weights.values()) and key.endswith(_MAIN_SCORES))
    ]
    found = {key: [100 * row.scores.get(key, math.nan) for row in rows] for key in keys}
    total = [math.nan if row.score is None else 100 * row.score for row in rows]
    return {**found, "all": total} if len(found) != 1 else found


def _names(tables: Iterable[Dict]) -> List:
    """Keys in the order in which they first occur."""
    return list(dict.fromkeys(key for table in tables for key in table))
