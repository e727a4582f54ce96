"""Train a run, and score the trained pipeline."""

import json
import math
import shutil
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, Iterable, Tuple

from .. import timing
from ..corpora.config import EQUAL_WEIGHTS
from ..corpora.config import config_of as config_of_several
from ..corpora.plans import PLANS
from ..corpora.training import score as score_several
from ..metrics import METRICS, annotated
from ..places import ROOT
from ..side_by_side import run_side_by_side
from ..splits import n_tokens
from .results import load_results
from .runs import Run, settings_of
from .suites import convert_all, corpus_of


def config_of(run: Run, encoder: str, work: Path) -> Tuple[Path, Dict[str, Any]]:
    """Make the config of a run.

    run (Run): The run to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Tuple[Path, Dict[str, Any]]): A config file and its overrides.
    """
    if run.plan.corpus in PLANS:
        path = work / f"{run.name}.cfg"
        config = config_of_several(run.of_several, encoder, work)
        config.to_disk(path)
        return path, _joint_overrides(run, config["training"]["max_steps"], work)
    return _config_of_one(run, encoder, work)


def _config_of_one(run: Run, encoder: str, work: Path) -> Tuple[Path, Dict[str, Any]]:
    suite = run.plan
    corpora = {split: corpus_of(suite, split, work) for split in ("train", "dev")}
    steps = suite.epochs * math.ceil(n_tokens(corpora["train"]) / suite.batch)
    ours = run.system.startswith("ours")
    shared = ("transformer", "mtl") if ours else ("transformer",)
    overrides: Dict[str, Any] = {
        "paths.train": str(corpora["train"]),
        "paths.dev": str(corpora["dev"]),
        "system.seed": run.seed,
        "nlp.lang": suite.lang,
        "nlp.pipeline": [*shared, *run.tasks],
        "components.transformer.model.name": encoder,
        "corpora.train.gold_preproc": suite.gold_words,
        "corpora.dev.gold_preproc": suite.gold_words,
        "training.max_steps": steps,
        # Only the last weights matter, and they are scored after the training.
        "training.eval_frequency": 10 * steps,
        "corpora.dev.limit": 1,
        "training.batcher.size": suite.batch,
        "training.optimizer.learn_rate.initial_rate": suite.rate,
        "training.optimizer.learn_rate.warmup_steps": steps // 10,
        "training.optimizer.learn_rate.total_steps": steps,
        "training.optimizer.use_averages": suite.averages,
        "training.dropout": suite.dropout,
    }
    if ours:
        for task in run.tasks:
            overrides[f"components.{task}.learn_rate_scale"] = suite.head_scale
            overrides[f"components.{task}.model.hidden_width"] = suite.hidden_width
        if suite.crf and "ner" in run.tasks:
            overrides["components.ner.model.learn_transitions"] = True
        if suite.precision != "fp32":
            overrides["components.transformer.model.precision"] = suite.precision
    overrides.update(_joint_overrides(run, steps, work))
    return ROOT / ("configs/joint.cfg" if ours else "benchmarks/stock.cfg"), overrides


def _joint_overrides(run: Run, steps: int, work: Path) -> Dict[str, Any]:
    suite = run.plan
    if run.system == "ours-joint-equal":
        return {"components.mtl.weighting": EQUAL_WEIGHTS}
    if run.system != "ours-joint":
        return {}
    is_ours = "." not in suite.method
    annealed = {"initial_rate": 1.0, "warmup_steps": 0, "total_steps": steps}
    teachers = {
        f"components.{task}.teacher": {
            "path": str(work / run.teacher(task).name / "model-last"),
            "weight": {"@schedules": "warmup_linear.v1", **annealed},
        }
        for task in (run.tasks if suite.taught else ())
    }
    return {
        **teachers,
        "components.mtl.model.@architectures": f"spacy_mtl.{suite.scheme}.v1",
        "components.mtl.gradients": suite.gradients,
        "components.mtl.every": suite.every,
        "components.mtl.weighting": {
            "@mtl_weightings": f"spacy_mtl.{suite.method}.v1" if is_ours else suite.method,
            "weights": dict(suite.weights),
            **dict(suite.method_settings),
        },
    }


def train_and_score(run: Run, encoder: str, work: Path) -> Dict[str, Any]:
    """Train one pipeline and score it.

    run (Run): The run to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Dict[str, Any]): Its scores on the test set, in percent, those on the
        development set as "dev", and the time it took.
    """
    import spacy

    started = time.time()
    folder = _train(run, encoder, work)
    seconds = round(time.time() - started)
    nlp = spacy.load(folder)
    result: Dict[str, Any] = {
        "steps": nlp.config["training"]["max_steps"],
        "seconds": seconds,
        "scores": scores_of(nlp, run, "test", work),
    }
    if run.plan.score_dev:
        result["dev"] = scores_of(nlp, run, "dev", work)
    return {**asdict(run), "settings": settings_of(run), **result, "machine": timing.machine()}


def scores_of(nlp: Any, run: Run, split: str, work: Path) -> Dict[str, float]:
    """RETURNS (Dict[str, float]): The scores of a trained pipeline on a split, in percent."""
    if run.plan.corpus in PLANS:
        several = run.of_several
        return {
            METRICS[task][0]: score_several(nlp, several, task, work, split) for task in run.tasks
        }
    return score(nlp, run, corpus_of(run.plan, split, work))


def score(nlp: Any, run: Run, corpus: Path) -> Dict[str, float]:
    """Score a trained pipeline.

    RETURNS (Dict[str, float]): The scores, in percent.
    """
    from spacy.scorer import Scorer

    examples = annotated(nlp, corpus, run.plan.gold_words)
    found = Scorer(nlp=nlp).score(examples)
    scores = {key: 100 * found[key] for task in run.tasks for key in METRICS[task]}
    if {"ner", "textcat"} <= set(run.tasks):
        right = [_both_right(eg.predicted, eg.reference) for eg in examples]
        scores["both"] = 100 * statistics.mean(right)
    return scores


def trained_pipeline(run: Run, encoder: str, work: Path) -> Path:
    """Find the pipeline of a run, or train it.

    run (Run): The run.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Path): The folder of the pipeline.
    """
    folder = work / run.name / "model-last"
    return folder if folder.exists() else _train(run, encoder, work)


def _train(run: Run, encoder: str, work: Path) -> Path:
    """RETURNS (Path): The folder of the trained pipeline. It only exists once it is finished."""
    from spacy.cli.train import train

    config, overrides = config_of(run, encoder, work)
    output = work / run.name
    # An interrupted training leaves a pipeline, too.
    unfinished = work / f"{run.name}.unfinished"
    train(config, unfinished, overrides=overrides)
    if output.exists():
        shutil.rmtree(output)
    unfinished.rename(output)
    return output / "model-last"


def run_all(
    runs: Iterable[Run], encoder: str, work: Path, jobs: int, module: str = "benchmarks.accuracy"
) -> None:
    """Run what has no result yet, `jobs` at a time, sharing the cores.

    module (str): The module whose command "one" trains a run.
    """
    finished = load_results()
    todo = [run for run in runs if run not in finished]
    work.mkdir(parents=True, exist_ok=True)
    for plan in {run.plan for run in todo}:
        convert_all(plan, work)
    specs = {run.name: json.dumps(asdict(run)) for run in todo}
    run_side_by_side(module, specs, encoder, work, jobs)


def _both_right(predicted: Any, gold: Any) -> bool:
    spans = [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in (predicted, gold)]
    return spans[0] == spans[1] and gold.cats[max(predicted.cats, key=predicted.cats.get)] == 1.0
