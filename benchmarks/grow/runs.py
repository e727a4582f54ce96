"""The runs of the benchmark, and the file of their results."""

import json
from pathlib import Path
from typing import Any, Dict, List

from ..places import RESULTS
from .labels import TITLES, measure_labels
from .tasks import WAYS, measure_task

SEEDS = [0, 1, 2]
FILE = "grow.jsonl"


def all_runs() -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): Each way with each seed.

    Those that begin with the same pipeline are apart: the first of them trains it.
    """
    return [{"title": title, "seed": seed} for title in (*WAYS, *TITLES) for seed in SEEDS]


def missing_runs() -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): Those without results."""
    done = [(each["title"], each["seed"]) for each in load_results()]
    return [each for each in all_runs() if (each["title"], each["seed"]) not in done]


def measure(spec: Dict[str, Any], encoder: str, work: Path) -> Dict[str, Any]:
    """Add a task or labels, and compare scores.

    spec (Dict[str, Any]): The title and the seed; for a trial, also "limit" and "steps".
    encoder (str): Folder or hub name.
    work (Path): The folder for corpora and models.
    RETURNS (Dict[str, Any]): The spec with the scores.
    """
    return (measure_task if spec["title"] in WAYS else measure_labels)(spec, encoder, work)


def load_results() -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): What has been measured."""
    path = RESULTS / FILE
    lines = path.read_text(encoding="utf8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]
