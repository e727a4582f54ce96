"""Train a run, and score the trained pipeline."""

import json
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Iterable, Optional

from .. import timing
from ..finished import Row
from ..side_by_side import run_side_by_side
from .results import load_results
from .runs import Run, settings_of
from .schemes import INSIDE, PRETRAINED


def config_of(run: Run, encoder: str, work: Path) -> Any:
    """RETURNS (Config): The config for `spacy train`: that of the suite with another scheme.

    The scheme's layers learn at the rate of the heads, unless they are pretrained.
    """
    config = run.plan.config(run.tasks, run.seed, encoder, work)
    mtl, head = config["components"]["mtl"], config["components"][run.tasks[0]]
    mtl["model"]["@architectures"] = f"spacy_mtl.{run.scheme}.v1"
    mtl["learn_rate_scale"] = 1.0 if run.scheme in PRETRAINED else head["learn_rate_scale"]
    if run.scheme in INSIDE:
        _move_encoder(config)
    return config


def _move_encoder(config: Any) -> None:
    """Move the encoder from its component into `mtl`."""
    encoder = config["components"].pop("transformer")["model"]
    config["nlp"]["pipeline"].remove("transformer")
    config["components"]["mtl"]["model"]["tok2vec"] = {
        "@architectures": "spacy_mtl.TransformerEncoder.v1",
        "name": encoder["name"],
        "precision": encoder.get("precision", "fp32"),
    }


def train_and_score(run: Run, encoder: str, work: Path) -> Row:
    """Train one pipeline and score it.

    run (Run): The run to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora, and for the pipeline until it is scored.
    RETURNS (Dict[str, Any]): Its "scores" on the test sets and those on the development sets,
        "dev", by task in percent, and the seconds that all of it took.
    """
    import spacy
    from spacy.cli.train import train

    started = time.perf_counter()
    config = config_of(run, encoder, work)
    output = work / run.name
    output.mkdir(parents=True, exist_ok=True)
    config.to_disk(output / "config.cfg")
    train(output / "config.cfg", output)
    trained = time.perf_counter()
    nlp = spacy.load(output / "model-last")
    scores = run.plan.scores(nlp, run.tasks, "test", work)
    dev = run.plan.scores(nlp, run.tasks, "dev", work)
    shutil.rmtree(output)
    return {
        **asdict(run),
        "settings": settings_of(run),
        "steps": config["training"]["max_steps"],
        "train_seconds": round(trained - started),
        "seconds": round(time.perf_counter() - started),
        "scores": scores,
        "dev": dev,
        "machine": timing.machine(),
    }


def run_all(
    runs: Iterable[Run], encoder: str, work: Path, jobs: int, hours: Optional[float]
) -> None:
    """Run what has no result yet, in order, `jobs` at a time, sharing the cores.

    hours (Optional[float]): See `run_side_by_side`.
    """
    finished = load_results()
    todo = [run for run in runs if run not in finished]
    work.mkdir(parents=True, exist_ok=True)
    for plan in {run.plan for run in todo}:
        # Convert now, before two runs write the same file.
        plan.convert(work)
    specs = {run.name: json.dumps(asdict(run)) for run in todo}
    run_side_by_side("benchmarks.sharing", specs, encoder, work, jobs, hours)
