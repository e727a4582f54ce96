"""Closing a step: from one gradient per task to one gradient for what the tasks share."""

from typing import Dict, Optional

from ..ranks.group import ALONE, Group
from ..types import StepReport, Weighting
from .contract import weigh
from .meeting import Meeting
from .step import Answers


def close(
    answers: Answers,
    meeting: Meeting,
    weighting: Weighting,
    auxiliary: Optional[Dict[str, float]] = None,
    corpora: Optional[Dict[str, float]] = None,
    group: Group = ALONE,
) -> Optional[StepReport]:
    """Combine the tasks' gradients where they meet, and send the result to the encoder.

    answers (Answers): What the tasks have sent.
    meeting (Meeting): Turns their gradients into rows, and passes the combined row on.
    weighting (Weighting): Combines the rows into one.
    auxiliary (Optional[Dict[str, float]]): The losses of the sharing scheme itself, by name.
    corpora (Optional[Dict[str, float]]): Where the documents come from: see `StepReport`.
    group (Group): The ranks of the training.
    RETURNS (Optional[StepReport]): What the step has done. None if no task has a gradient.
    """
    rows = meeting.rows(answers.d_views)
    if not rows.tasks:
        return None
    losses = {task: answers.losses[task] for task in rows.tasks}
    with group.common_chance():
        combined = weigh(weighting, losses, rows.values)
    meeting.give(combined)
    return StepReport(
        losses=losses,
        units={task: answers.units[task] for task in rows.tasks if task in answers.units},
        weights=combined.weights,
        auxiliary=auxiliary or {},
        rows=rows.at_features,
        corpora=corpora or {},
    )
