"""The page of an evaluation."""

from ...evaluation.evaluation import Evaluation
from ...evaluation.text import (
    CALIBRATION_HEADER,
    LABEL_HEADER,
    SCORE_HEADER,
    calibration_rows,
    label_rows,
    score_rows,
)
from .heat import confusion_table
from .page import render


def evaluation_page(evaluation: Evaluation, title: str) -> str:
    """Make a page of an evaluation.

    evaluation (Evaluation): The evaluation.
    title (str): What was evaluated on what.
    RETURNS (str): The HTML, without scripts, nor anything from elsewhere.
    """
    scores = [
        (name, task, score) for name, task in evaluation.tasks.items() for score in task.scores
    ]
    parts = [
        {
            "id": f"score-{i}",
            "task": name,
            "n_documents": task.n_documents,
            "score": score,
            "label_rows": label_rows(score.labels),
            "confusion": confusion_table(score.confusion),
        }
        for i, (name, task, score) in enumerate(scores)
    ]
    return render(
        "evaluation.html",
        title=title,
        evaluation=evaluation,
        parts=parts,
        score_header=SCORE_HEADER,
        score_rows=score_rows(evaluation),
        label_header=LABEL_HEADER,
        calibration_header=CALIBRATION_HEADER,
        calibration_rows=calibration_rows(evaluation),
    )
