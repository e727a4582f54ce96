"""Train a run, and score the trained pipeline."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict

from ..metrics import annotated
from ..side_by_side import run_side_by_side
from .config import config_of
from .results import load_results
from .runs import Run, all_runs, settings_of


def train_and_score(run: Run, encoder: str, work: Path) -> Dict[str, Any]:
    """Train one pipeline and score it.

    run (Run): The run to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Dict[str, Any]): Its scores on the test sets by task, in percent, and the time.
    """
    import spacy
    from spacy.cli.train import train

    config = config_of(run, encoder, work)
    output = work / run.name
    output.mkdir(parents=True, exist_ok=True)
    config.to_disk(output / "config.cfg")
    started = time.time()
    train(output / "config.cfg", output)
    seconds = round(time.time() - started)
    nlp = spacy.load(output / "model-last")
    scores = {name: score(nlp, run, name, work) for name in run.tasks}
    steps = config["training"]["max_steps"]
    row = {"settings": settings_of(run), "steps": steps, "seconds": seconds, "scores": scores}
    return {**asdict(run), **row}


def score(nlp: Any, run: Run, name: str, work: Path, split: str = "test") -> float:
    """Score a task of a trained pipeline on a split of its corpus.

    RETURNS (float): The score, in percent.
    """
    task = run.sources[name]
    pipe: Any = nlp.get_pipe(name)
    examples = annotated(nlp, task.split(split, work))
    # If there are several heads of a kind, their keys begin with their names.
    found = {key: v for key, v in pipe.score(examples).items() if key.endswith(task.metric)}
    return 100 * float(next(iter(found.values())))


def run_all(encoder: str, work: Path, jobs: int) -> None:
    """Run what has no result yet, `jobs` at a time, sharing the cores."""
    finished = load_results()
    todo = [run for run in all_runs() if run not in finished]
    work.mkdir(parents=True, exist_ok=True)
    for run in todo:
        # Convert now, before two runs write the same file.
        for task in run.sources.values():
            for split in ("train", "dev", "test"):
                task.split(split, work)
    specs = {run.name: json.dumps(asdict(run)) for run in todo}
    run_side_by_side("benchmarks.corpora", specs, encoder, work, jobs)
