"""Tasks from different corpora under one encoder: scheduled, each alone, and by stock spaCy.

    python -m benchmarks.corpora run      # trains what is missing
    python -m benchmarks.corpora report   # prints the tables

No text is annotated for two tasks: sentiment (SST-2) and topic (banking77); or tags (EWT),
entities (WNUT17) and sentiment. Every system takes as many steps as those of each task alone
do together: each text about `epochs` times, but for schedules with other shares. The last weights
are scored on the test sets, each by its own task. Stock spaCy gets the same texts merged into
one corpus, in which a text has the annotation of its task and no other. Settings are those that
benchmarks.accuracy chose on other corpora; nothing was chosen on these. Finished runs are lines
of benchmarks/results/corpora.jsonl.
"""

import argparse
import json
import math
import os
import platform
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from .accuracy import (
    METRICS,
    ROOT,
    TITLES,
    add_one,
    add_run_options,
    cell,
    convert_split,
    default_encoder,
    n_tokens,
    run_side_by_side,
)

RESULTS = ROOT / "benchmarks/results/corpora.jsonl"
SEEDS = (0, 1)
#: What annotation a component of a kind learns from.
ANNOTATION = {"tagger": "tags", "ner": "entities", "textcat": "categories"}


@dataclass(frozen=True)
class Task:
    """A task with a corpus of its own.

    corpus (str): Folder below data/.
    kind (str): The head: "tagger", "ner" or "textcat".
    limit (int): How many training texts, evenly spaced.
    """

    corpus: str
    kind: str
    limit: int


@dataclass(frozen=True)
class Plan:
    """Some tasks and a budget.

    tasks (Tuple[Tuple[str, Task], ...]): By name, in pipeline order.
    systems (Tuple[str, ...]): What is compared: see `SYSTEMS`.
    mixed (bool): Whether batches are mixed; else of one corpus each.
    epochs (int): Passes over all texts.
    batch (int): Tokens a step, padding included.
    rate (float): Peak learning rate of the encoder.
    head_scale (float): Factor of the rate for heads of this package.
    """

    tasks: Tuple[Tuple[str, Task], ...]
    systems: Tuple[str, ...]
    mixed: bool
    epochs: int = 4
    batch: int = 300
    rate: float = 1e-4
    head_scale: float = 25.0


#: What trains, and its schedule if it has one. "alone" is one training a task.
SYSTEMS: Dict[str, Dict[str, Any]] = {
    "alone": {},
    "Proportional": {},
    "Sequential": {},
    "Sequential, replay": {"replay": 0.2},
    "ByLoss": {},
    "ByScore": {},
    "stock spaCy, merged": {},
    "stock spaCy, alone": {},
}
SENTIMENT = ("sentiment", Task("sst2", "textcat", 750))
PLANS = {
    "two": Plan(
        (SENTIMENT, ("topic", Task("banking77", "textcat", 1155))),
        ("alone", "Proportional", "Sequential", "Sequential, replay", "ByLoss", "ByScore"),
        mixed=False,
    ),
    "three": Plan(
        (("tagger", Task("ewt", "tagger", 200)), ("ner", Task("wnut17", "ner", 800)), SENTIMENT),
        ("alone", "Proportional", "stock spaCy, merged", "stock spaCy, alone"),
        # By texts, of which some are long: batches of one corpus would be by corpus, not text.
        mixed=True,
    ),
}


@dataclass(frozen=True)
class Run:
    """One training: a system on some tasks of a plan with a seed."""

    plan: str
    system: str
    tasks: Tuple[str, ...]
    seed: int

    @property
    def name(self) -> str:
        """RETURNS (str): A name for folders and messages."""
        system = self.system.replace(", ", "-").replace(" ", "-")
        return f"corpora-{self.plan}.{system}.{'+'.join(self.tasks)}.{self.seed}"

    @property
    def sources(self) -> Dict[str, Task]:
        """RETURNS (Dict[str, Task]): The tasks by name."""
        return {name: task for name, task in PLANS[self.plan].tasks if name in self.tasks}


def all_runs() -> Iterator[Run]:
    """YIELDS (Run): What the tables are of, first seeds first."""
    for seed in SEEDS:
        for plan, settings in PLANS.items():
            names = tuple(name for name, _ in settings.tasks)
            for system in settings.systems:
                for tasks in [(name,) for name in names] if "alone" in system else [names]:
                    yield Run(plan, system, tasks, seed)


def settings_of(run: Run) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What decides a run's scores. Kept with them."""
    plan = PLANS[run.plan]
    settings = {key: getattr(plan, key) for key in ("epochs", "batch", "rate", "head_scale")}
    settings["limits"] = {name: task.limit for name, task in run.sources.items()}
    settings["mixed"] = plan.mixed
    return {**settings, **SYSTEMS[run.system]}


def config_of(run: Run, encoder: str, work: Path) -> Any:
    """Say how a run is configured.

    run (Run): What to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Config): The config.
    """
    from spacy.util import load_config

    plan = PLANS[run.plan]
    is_stock = run.system.startswith("stock")
    config: Any = load_config(ROOT / ("benchmarks/stock.cfg" if is_stock else "configs/joint.cfg"))
    found = {name: _corpora(run, name, work) for name in run.tasks}
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
    training = config["training"]
    training["score_weights"] = {}
    training["max_steps"] = steps
    # What is scored is the end. ByScore looks at the development sets on its way.
    training["eval_frequency"] = max(1, steps // 10) if run.system == "ByScore" else 10 * steps
    training["batcher"]["size"] = plan.batch
    training["optimizer"]["learn_rate"].update(
        initial_rate=plan.rate, warmup_steps=steps // 10, total_steps=steps
    )
    if is_stock:
        config["paths"]["train"] = str(_merged(run, found, work))
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


def train_and_score(run: Run, encoder: str, work: Path) -> Dict[str, Any]:
    """Train one pipeline and score it.

    run (Run): What to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Dict[str, Any]): Its scores on the test sets by task, in per cent, and the time.
    """
    from spacy.cli.train import train

    config = config_of(run, encoder, work)
    output = work / run.name
    output.mkdir(parents=True, exist_ok=True)
    config.to_disk(output / "config.cfg")
    started = time.time()
    train(output / "config.cfg", output)
    seconds = round(time.time() - started)
    scores = {name: score(output / "model-last", run, name, work) for name in run.tasks}
    steps = config["training"]["max_steps"]
    row = {"settings": settings_of(run), "steps": steps, "seconds": seconds, "scores": scores}
    return {**asdict(run), **row}


def score(model: Path, run: Run, name: str, work: Path) -> float:
    """Score a task of a trained pipeline on the test set of its corpus.

    RETURNS (float): The score, in per cent.
    """
    import spacy
    from spacy.training import Corpus

    task = run.sources[name]
    nlp = spacy.load(model)
    pipe: Any = nlp.get_pipe(name)
    examples = list(Corpus(convert_split(task.corpus, "test", work))(nlp))
    for eg, doc in zip(examples, list(nlp.pipe([eg.predicted for eg in examples]))):
        eg.predicted = doc
    # Where heads are of a kind, their keys begin with their names.
    found = {key: v for key, v in pipe.score(examples).items() if key.endswith(_metric(task))}
    return 100 * float(next(iter(found.values())))


def load_results() -> Dict[Run, Dict[str, Any]]:
    """RETURNS (Dict[Run, Dict[str, Any]]): The finished runs of today's settings."""
    results = {}
    lines = RESULTS.read_text(encoding="utf8").splitlines() if RESULTS.exists() else []
    for row in map(json.loads, lines):
        run = _make_run(row)
        if row["settings"] == json.loads(json.dumps(settings_of(run))):
            results[run] = row
    return results


def report() -> None:
    """Print a table a plan: mean and range over the seeds."""
    results = load_results()
    for plan, settings in PLANS.items():
        titles = [f"{name}: {TITLES[_metric(task)]}" for name, task in settings.tasks]
        print(f"\n### {plan} (test; mean, range, number of seeds)\n")
        print(f"| | steps | {' | '.join(titles)} |")
        print("| --- | --- |" + " --- |" * len(titles))
        for system in settings.systems:
            rows = [row for run, row in results.items() if (run.plan, run.system) == (plan, system)]
            values: Dict[str, List[float]] = {name: [] for name, _ in settings.tasks}
            for row in rows:
                for name, value in row["scores"].items():
                    values[name].append(value)
            steps = sum({tuple(row["tasks"]): row["steps"] for row in rows}.values())
            print(f"| {system} | {steps} | {' | '.join(map(cell, values.values()))} |")
    print(f"\nPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")


def _schedule(run: Run, steps: Dict[str, int]) -> Dict[str, Any]:
    name = "Proportional" if run.system == "alone" else run.system.split(",")[0]
    settings = dict(SYSTEMS[run.system])
    if name == "Sequential":
        settings["phases"] = [{"tasks": [task], "steps": n} for task, n in steps.items()]
    return {"@mtl_schedules": f"spacy_mtl.{name}.v1", **settings}


def _corpora(run: Run, name: str, work: Path) -> Dict[str, Path]:
    task = run.sources[name]
    return {
        "train": convert_split(task.corpus, "train", work, task.limit),
        "dev": convert_split(task.corpus, "dev", work),
    }


def _merged(run: Run, corpora: Dict[str, Dict[str, Path]], work: Path) -> Path:
    """All texts as one corpus, each with the annotation of its task only."""
    import spacy
    from spacy.tokens import DocBin

    from spacy_mtl.corpus.annotation import clear

    vocab = spacy.blank("en").vocab
    docs = []
    for name, paths in corpora.items():
        others = set(ANNOTATION.values()) - {ANNOTATION[run.sources[name].kind]}
        for doc in DocBin().from_disk(paths["train"]).get_docs(vocab):
            clear(doc, others)
            docs.append(doc)
    random.Random(0).shuffle(docs)
    path = work / f"{run.name}.spacy"
    DocBin(docs=docs).to_disk(path)
    return path


def _metric(task: Task) -> str:
    return METRICS[task.kind][0]


def _make_run(row: Dict[str, Any]) -> Run:
    return Run(row["plan"], row["system"], tuple(row["tasks"]), row["seed"])


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and score what has no result yet")
    add_run_options(run)
    commands.add_parser("report", help="print the tables")
    add_one(commands)
    args = parser.parse_args()
    if args.command == "run":
        finished = load_results()
        todo = [run for run in all_runs() if run not in finished]
        args.work.mkdir(parents=True, exist_ok=True)
        for run in todo:
            # Before two runs would write the same file.
            for name, task in run.sources.items():
                _corpora(run, name, args.work)
                convert_split(task.corpus, "test", args.work)
        specs = {run.name: json.dumps(asdict(run)) for run in todo}
        encoder = args.encoder or default_encoder()
        run_side_by_side("benchmarks.corpora", specs, encoder, args.work, args.jobs)
    elif args.command == "report":
        report()
    else:
        result = train_and_score(_make_run(json.loads(args.spec)), args.encoder, args.work)
        with RESULTS.open("a", encoding="utf8") as file:
            file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
