"""The config of a run, for `spacy train`."""

import json
import math
from pathlib import Path
from typing import Any, Dict

from ..places import ROOT
from ..splits import n_tokens
from .merged import merge
from .plans import PLANS, SYSTEMS
from .runs import Run

#: The block of a weighting with equal weights, which the factory and configs/joint.cfg don't have.
EQUAL_WEIGHTS = {"@mtl_weightings": "spacy_mtl.Constant.v1", "weights": {}}


def config_of(run: Run, encoder: str, work: Path) -> Any:
    """Make the config of a run.

    run (Run): The run to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Config): The config.
    """
    from spacy.util import load_config

    plan = PLANS[run.plan]
    is_stock = run.system.startswith("stock")
    config: Any = load_config(ROOT / ("benchmarks/stock.cfg" if is_stock else "configs/joint.cfg"))
    found = {
        name: {split: task.split(split, work) for split in ("train", "dev")}
        for name, task in run.sources.items()
    }
    steps_of = {
        name: plan.epochs * math.ceil(n_tokens(paths["train"]) / plan.batch)
        for name, paths in found.items()
    }
    steps = sum(steps_of.values())
    config["system"]["seed"] = run.seed
    config["nlp"]["pipeline"] = ["transformer"] if is_stock else ["transformer", "mtl"]
    components, config["components"] = config["components"], {}
    for name in config["nlp"]["pipeline"]:
        config["components"][name] = components[name]
    config["components"]["transformer"]["model"]["name"] = encoder
    for name, task in run.sources.items():
        config["nlp"]["pipeline"].append(name)
        config["components"][name] = json.loads(json.dumps(components[task.kind]))
        if not is_stock:
            config["components"][name]["learn_rate_scale"] = plan.head_scale
    if not is_stock:
        config["components"]["transformer"]["model"]["precision"] = "auto"
        config["components"]["mtl"]["weighting"] = dict(EQUAL_WEIGHTS)
    training = config["training"]
    training["score_weights"] = {}
    training["max_steps"] = steps
    # The last weights are scored after the training. Only ByScore needs scores before.
    training["eval_frequency"] = max(1, steps // 10) if run.system == "ByScore" else 10 * steps
    training["batcher"]["size"] = plan.batch
    training["optimizer"]["learn_rate"].update(
        initial_rate=plan.rate, warmup_steps=steps // 10, total_steps=steps
    )
    if is_stock:
        config["paths"]["train"] = str(
            merge(run, {name: paths["train"] for name, paths in found.items()}, work)
        )
        config["paths"]["dev"] = str(next(iter(found.values()))["dev"])
        config["corpora"]["dev"]["limit"] = 1
        return config
    limit = 150 if run.system == "ByScore" else 1
    for split in ("train", "dev"):
        config["corpora"][split] = {
            "@readers": "spacy_mtl.MultiCorpus.v1",
            "corpora": {
                name: {"path": str(paths[split]), "tasks": [name]} for name, paths in found.items()
            },
        }
    for block in config["corpora"]["dev"]["corpora"].values():
        block["limit"] = limit
    config["corpora"]["train"]["schedule"] = _schedule(run, steps_of)
    training["batcher"] = {
        "@batchers": "spacy_mtl.CorpusBatcher.v1",
        "mixed": plan.mixed,
        "batcher": training["batcher"],
    }
    return config


def _schedule(run: Run, steps: Dict[str, int]) -> Dict[str, Any]:
    name = "Proportional" if run.system == "alone" else run.system.split(",")[0]
    settings = dict(SYSTEMS[run.system])
    if name == "Sequential":
        settings["phases"] = [{"tasks": [task], "steps": n} for task, n in steps.items()]
    return {"@mtl_schedules": f"spacy_mtl.{name}.v1", **settings}
