"""Logs of trainings that never were."""

import json
import math
from pathlib import Path
from typing import Any, Dict, List, Sequence

TASKS = ("tagger", "ner", "textcat")


def log_row(step: int, names: Sequence[str] = TASKS, **changes: Any) -> Dict[str, Any]:
    """What the logger writes after some steps."""
    progress = 1 - math.exp(-step / 100)
    row = {
        "epoch": 0,
        "step": step,
        "score": 0.25 + progress / 2,
        "other_scores": {
            **{f"{task}_f": 0.1 * i + progress / 2 for i, task in enumerate(names)},
            "ents_p": 0.5,
            "speed": 1234.5,
        },
        "losses": {task: 1.0 for task in names},
        "seconds": step // 2,
        "words": step * 10,
        "tasks": {
            task: {"n_steps": 50, "loss": 2 - progress, "weight": 0.5 + i, "norm": 10.0**-i}
            for i, task in enumerate(names)
        },
        "cosines": [
            {"tasks": [one, other], "n_steps": 50, "cosine": progress - 0.5}
            for i, one in enumerate(names)
            for other in names[i + 1 :]
        ],
        "corpora": {"gum": 30.0, "snips": 20.0},
        "auxiliary": {"balance": {"n_steps": 50, "loss": progress}},
        "sharing": [
            {
                "title": "relations",
                "rows": list(names),
                "columns": list(names),
                "values": [[1.0 if a == b else -0.5 for b in names] for a in names],
                "note": "Correlations of the tasks",
            }
        ],
    }
    return {**row, **changes}


def write_log(path: Path, rows: List[Dict[str, Any]], rest: str = "") -> None:
    """Write a log, with an unfinished line at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + rest, encoding="utf8")


COMPARISON = {
    "base": "alone",
    "compared": "joint",
    "tasks": {
        "ner": {
            "alone": 0.411,
            "joint": 0.404,
            "difference": -0.007,
            "interval": [-0.012, -0.002],
            "p": 0.01,
            "p_holm": 0.03,
            "verdict": "loss",
        }
    },
}
