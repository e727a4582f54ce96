"""Configs that `spacy mtl init-config` makes from the corpora alone, beside those tuned by hand.

    python -m benchmarks.init_config run      # trains what is missing
    python -m benchmarks.init_config report   # prints the tables

Each config is trained as it is, but for the seed, and its last weights are scored on the
development set, like those of benchmarks.accuracy. Finished runs are in
benchmarks/results/init_config.jsonl, and are not repeated unless the arguments of the command have
changed.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from . import places
from .accuracy.report import scores_of as scores_by_hand
from .accuracy.results import load_results as load_results_by_hand
from .finished import Row, add_finished, load_finished
from .metrics import METRICS, TITLES, annotated, cell, print_machine
from .places import ROOT, default_encoder
from .side_by_side import add_one, add_run_options, run_side_by_side
from .splits import convert_split
from .timing import machine

RESULTS = places.RESULTS / "init_config.jsonl"
SEEDS = [0, 1, 2]
DEMO = "demo"


@dataclass(frozen=True)
class Case:
    """Corpora to make a config for.

    corpora (Tuple[str, ...]): Folders in data/, or the shipped corpus.
    by_hand (Tuple[str, ...]): The suites of benchmarks.accuracy that were tuned for them.
    lang (str): The language.
    tasks (Tuple[str, ...]): The heads, for --pipeline. Empty: what the corpora annotate.
    """

    corpora: Tuple[str, ...]
    by_hand: Tuple[str, ...] = ()
    lang: str = "en"
    tasks: Tuple[str, ...] = ()


CASES = {
    "gum": Case(("gum",), ("gum", "gum-sharing")),
    "snips": Case(("snips",), ("snips", "snips-sharing")),
    # EWT also has genres, which no suite has.
    "three": Case(
        ("ewt", "wnut17", "sst2"), ("three", "three-short"), tasks=("tagger", "ner", "sst2")
    ),
    "zh_gsd": Case(("zh_gsd",), ("zh_gsd",), lang="zh"),
    DEMO: Case((DEMO,)),
}


@dataclass(frozen=True)
class Run:
    """One training of a case with a seed."""

    case: str
    seed: int

    @property
    def name(self) -> str:
        """RETURNS (str): A name for folders and messages."""
        return f"init-config.{self.case}.{self.seed}"


def make_run(row: Row) -> Run:
    """RETURNS (Run): The run of a row of the results, or of a run read from JSON."""
    return Run(row["case"], row["seed"])


def settings_of(run: Run) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The arguments of the command, saved with the results."""
    case = CASES[run.case]
    return {"corpora": case.corpora, "lang": case.lang, "pipeline": case.tasks}


def split_of(corpus: str, split: str, work: Path) -> Path:
    """RETURNS (Path): The .spacy file of a split, converted if needed."""
    if corpus != DEMO:
        return convert_split(corpus, split, work)
    from spacy_mtl.corpus.convert import convert

    path = work / DEMO / f"{split}.spacy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        convert([ROOT / f"assets/corpus/{split}.jsonl"], path)
    return path


def recommend_for(run: Run, encoder: str, work: Path) -> Any:
    """Make the config of a run.

    run (Run): The run.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Recommendation): The config.
    """
    from spacy_mtl.recommend.recommend import recommend
    from spacy_mtl.recommend.wishes import Wishes

    case = CASES[run.case]
    paths = {
        split: [split_of(corpus, split, work) for corpus in case.corpora]
        for split in ("train", "dev")
    }
    wishes = Wishes(**paths, tasks=case.tasks or None, lang=case.lang, encoder=encoder)
    return recommend(wishes)


def train_and_score(run: Run, encoder: str, work: Path) -> Row:
    """Train one config as it is, and score it on the development set.

    RETURNS (Dict[str, Any]): The scores by task, in percent, and the time it took.
    """
    import spacy
    from spacy.cli.train import train

    found = recommend_for(run, encoder, work)
    config = work / f"{run.name}.cfg"
    config.write_text(found.draft.to_str(), encoding="utf8")
    started = time.time()
    train(config, work / run.name, overrides={"system.seed": run.seed})
    seconds = round(time.time() - started)
    nlp = spacy.load(work / run.name / "model-last")
    return {
        **asdict(run),
        "settings": settings_of(run),
        "steps": found.budget.steps,
        "batch": found.budget.batch,
        "rate": found.encoder.rate,
        "seconds": seconds,
        "dev": score(nlp, found),
        "machine": machine(),
    }


def score(nlp: Any, found: Any) -> Dict[str, float]:
    """Score a trained pipeline on the development sets.

    nlp (Language): The pipeline.
    found (Recommendation): Its config.
    RETURNS (Dict[str, float]): The score of each head, in percent, by metric.
    """
    scores: Dict[str, float] = {}
    for head in found.choice.heads:
        (metric,) = METRICS[head.task]
        for facts in (each for each in found.corpora if each.name in head.corpora):
            examples = annotated(nlp, facts.dev, facts.keeps_words)
            # If there are several heads of a kind, their keys begin with their names.
            of_head = nlp.get_pipe(head.name).score(examples)
            (value,) = (v for key, v in of_head.items() if key.endswith(metric))
            scores[metric] = 100 * value
    return scores


def load_results() -> Dict[Run, Row]:
    """RETURNS (Dict[Run, Dict[str, Any]]): The finished runs with the current arguments."""
    return load_finished(RESULTS, make_run, settings_of)


def run_all(cases: List[str], seeds: List[int], encoder: str, work: Path, jobs: int) -> None:
    """Run what has no result yet, `jobs` at a time, sharing the cores."""
    finished = load_results()
    todo = [run for seed in seeds for run in (Run(case, seed) for case in cases)]
    todo = [run for run in todo if run not in finished]
    work.mkdir(parents=True, exist_ok=True)
    for run in todo:
        # Convert now, before two runs write the same file.
        for corpus in CASES[run.case].corpora:
            for split in ("train", "dev"):
                split_of(corpus, split, work)
    specs = {run.name: json.dumps(asdict(run)) for run in todo}
    run_side_by_side("benchmarks.init_config", specs, encoder, work, jobs)


def rows_of(case: str) -> Iterator[Tuple[str, int, Dict[str, List[float]]]]:
    """YIELDS (Tuple[str, int, Dict[str, List[float]]]): Title, steps and scores of a table row."""
    results = load_results_by_hand()
    for suite in CASES[case].by_hand:
        found, steps = scores_by_hand(results, suite, "dev")
        for (system, change), scores in found.items():
            if system.startswith("ours-joint") and not {"scheme", "taught"} & set(change.split()):
                values = {metric: list(of_seed.values()) for metric, of_seed in scores.items()}
                title = ", ".join(part for part in (f"by hand: {suite}", system, change) if part)
                yield title, steps[system, change], values
    own = [row for run, row in load_results().items() if run.case == case]
    if own:
        metrics = dict.fromkeys(metric for row in own for metric in row["dev"])
        values = {metric: [row["dev"][metric] for row in own] for metric in metrics}
        yield "init-config", own[0]["steps"], values


def report() -> None:
    """Print a table for each case: mean and range over the seeds on the development set."""
    for case in CASES:
        rows = list(rows_of(case))
        metrics = [metric for metric in TITLES if any(metric in scores for _, _, scores in rows)]
        print(f"\n### {case} (dev; mean, range, number of seeds)\n")
        print("| | steps | " + " | ".join(TITLES[m] for m in metrics) + " |")
        print("| --- | --- |" + " --- |" * len(metrics))
        for title, steps, scores in rows:
            cells = (cell(scores.get(metric, [])) for metric in metrics)
            print(f"| {title} | {steps} | " + " | ".join(cells) + " |")
    print_machine()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.init_config", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and score all runs without results")
    run.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    run.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    add_run_options(run)
    commands.add_parser("report", help="print the tables")
    add_one(commands)
    args = parser.parse_args()
    if args.command == "run":
        encoder = args.encoder or default_encoder()
        run_all(args.cases, args.seeds, encoder, args.work, args.jobs)
    elif args.command == "report":
        report()
    else:
        row = train_and_score(make_run(json.loads(args.spec)), args.encoder, args.work)
        add_finished(RESULTS, row)


if __name__ == "__main__":
    main()
