"""An evaluation as JSON."""

from dataclasses import asdict
from typing import Any, Dict

from .evaluation import Evaluation


def evaluation_json(evaluation: Evaluation) -> Dict[str, Any]:
    """Convert an evaluation to what JSON has.

    evaluation (Evaluation): The evaluation.
    RETURNS (Dict[str, Any]): "documents", "tokens", "uncounted", "unannotated", "calibration" by
        component ("n", "error", "by_chance" and "coverage"), and "tasks" by name: "documents",
        "score", "interval" and "scores". Each score has its "key", "labels", "confusion" (the
        whole table) and "errors". Intervals are "low" and "high".
    """
    tasks = {}
    for name, task in evaluation.tasks.items():
        found = asdict(task)
        tasks[name] = {"documents": found.pop("n_documents"), **found}
    return {
        "documents": evaluation.n_documents,
        "tokens": evaluation.n_tokens,
        "tasks": tasks,
        "uncounted": evaluation.uncounted,
        "unannotated": evaluation.unannotated,
        "calibration": {name: asdict(found) for name, found in evaluation.calibration.items()},
    }
