"""Compare all weighting methods on GUM (three tasks) and SNIPS (two), at the same budget.

    python -m benchmarks.weighting run      # trains what is missing
    python -m benchmarks.weighting run --places measured
    python -m benchmarks.weighting report   # prints the tables

A table per place where the tasks' gradients meet: at the shared representation, at the encoder's
parameters in each step, and at the parameters as measured now and then (every = "auto"). Methods
by losses give the same at all of them. For comparison: constant weights, equal and tuned, each
task alone, and stock spaCy. At the representation, constant weights and single tasks have five
seeds and methods two, which is too few to rank them; at the parameters all have three, and are
trained on the same kind of machine. All use the settings that benchmarks.accuracy chose on
development sets with constant weights and a larger budget, and the methods' own defaults. The runs
are runs of benchmarks.accuracy, in the same file, and each is trained once.
"""

import argparse
import statistics
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from .accuracy.results import load_results
from .accuracy.runs import Run, runs_of
from .accuracy.suites import SUITES
from .accuracy.training import run_all
from .metrics import METRICS, TITLES, cell, print_machine
from .places import default_encoder
from .side_by_side import add_run_options

CORPORA = ("gum-weighting", "snips-weighting")
MANY, THREE, FEW = [0, 1, 2, 3, 4], [0, 1, 2], [0, 1]
#: Where gradients meet: the fields of the suite, and the seeds.
PLACES: Dict[str, Tuple[Dict[str, Any], List[int]]] = {
    "representation": ({}, FEW),
    "parameters": ({"gradients": "parameters"}, THREE),
    "measured": ({"gradients": "parameters", "every": "auto"}, THREE),
}
TITLES_OF_PLACES = {
    "representation": "At the shared representation",
    "parameters": "At the parameters, in each step",
    "measured": "At the parameters, measured now and then",
}
#: Settings that are not a method's defaults: rates without a default, epochs that fit the
#: budget, and the level of methods that work at the parameters.
SETTINGS: Dict[str, Dict[str, Any]] = {
    "RLW": {},
    "GLS": {},
    "Uncertainty": {"learn_rate": 0.025},
    "IMTLL": {"learn_rate": 0.025},
    "DWA": {"every": 20},
    "FAMO": {"learn_rate": 0.025},
    "STCH": {},
    "GradNorm": {"learn_rate": 0.025},
    "PCGrad": {},
    "MGDA": {},
    "CAGrad": {},
    "IMTLG": {},
    "GradDrop": {},
    "GradVac": {},
    "NashMTL": {},
    "AlignedMTL": {},
    "UPGrad": {},
    "DualProj": {},
    "ConFIG": {},
    "FairGrad": {},
    "ExcessMTL": {"gradients": "parameters", "warmup_steps": 20},
    "DBMTL": {"beta": 0.0},
}
#: The methods that see gradients, and so depend on the place. After a comma: a variant.
BY_GRADIENTS: Dict[str, Dict[str, Any]] = {
    "Balanced": {},
    "GradNorm, alpha 0": {"learn_rate": 0.025, "alpha": 0.0},
    **{
        name: {key: value for key, value in SETTINGS[name].items() if key != "gradients"}
        for name in list(SETTINGS)[list(SETTINGS).index("GradNorm") :]
    },
}
#: Those that work on each value of the gradients, and so need them in each step.
PER_VALUE = ("GradDrop", "ExcessMTL", "DBMTL")


def methods_at(place: str) -> Dict[str, Dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): The settings of the methods of a table, by title."""
    if place == "representation":
        return SETTINGS
    kept = () if place == "parameters" else PER_VALUE
    return {title: found for title, found in BY_GRADIENTS.items() if title not in kept}


def method_run(suite: str, title: str, seed: int, place: str = "representation") -> Run:
    """RETURNS (Run): Joint training with a method and equal preferences."""
    settings = dict(methods_at(place)[title])
    changes: Dict[str, Any] = {"method": title.split(",")[0], "weights": (), **PLACES[place][0]}
    changes["score_dev"] = _scores_dev(place)
    if "gradients" in settings:
        changes["gradients"] = settings.pop("gradients")
    if settings:
        changes["method_settings"] = tuple(settings.items())
    return Run(suite, "ours-joint", SUITES[suite].tasks, seed, tuple(changes.items()))


def all_runs(
    place: str = "representation", corpora: Sequence[str] = CORPORA
) -> Iterator[Tuple[str, Run]]:
    """YIELDS (Tuple[str, Run]): The title of a table row, and one of its runs."""
    scored = _scores_dev(place)
    many = THREE if scored else MANY
    for suite in corpora:
        for title, system, seeds in (
            ("Constant, equal", "ours-joint-equal", many),
            ("Constant, tuned", "ours-joint", many),
            ("each task alone", "ours-alone", many),
            ("stock spaCy, joint", "stock-joint", [] if scored else FEW),
        ):
            for run in runs_of(suite, [system], seeds, (("score_dev", scored),)):
                yield title, run
        for title in methods_at(place):
            for seed in PLACES[place][1]:
                yield title, method_run(suite, title, seed, place)


def _scores_dev(place: str) -> bool:
    # At the parameters the development sets are scored, too, as in benchmarks.balancing.
    return place != "representation"


def report(places: Sequence[str] = tuple(PLACES)) -> None:
    """Print a table per place and corpus: mean and range over the seeds, and the mean rank."""
    results = load_results()
    for place, suite in ((place, suite) for place in places for suite in CORPORA):
        metrics = [key for task in SUITES[suite].tasks for key in METRICS[task]]
        rows: Dict[str, List[Any]] = {}
        for title, run in all_runs(place, [suite]):
            if run in results:
                rows.setdefault(title, []).append(results[run])
        values = {
            title: {m: [r["scores"][m] for r in found if m in r["scores"]] for m in metrics}
            for title, found in rows.items()
        }
        complete = {t: v for t, v in values.items() if all(v[m] for m in metrics)}
        ranks = {title: statistics.mean(_ranks(complete, title)) for title in complete}
        print(f"\n### {TITLES_OF_PLACES[place]}: {suite} (test; mean, range, number of seeds)\n")
        print("| | " + " | ".join(TITLES[m] for m in metrics) + " | mean rank |")
        print("| --- |" + " --- |" * (len(metrics) + 1))
        for title in sorted(values, key=lambda t: ranks.get(t, 99.0)):
            cells = [cell(values[title][m]) for m in metrics]
            rank = f"{ranks[title]:.1f}" if title in ranks else "–"
            print(f"| {title} | {' | '.join(cells)} | {rank} |")
    print_machine()


def _ranks(values: Dict[str, Dict[str, List[float]]], title: str) -> Iterator[float]:
    """YIELDS (float): The rank of a row by each metric. Tied rows share the mean rank."""
    for metric in values[title]:
        own = statistics.mean(values[title][metric])
        others = [statistics.mean(v[metric]) for t, v in values.items() if t != title]
        yield 1 + sum(o > own for o in others) + sum(o == own for o in others) / 2


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and score all runs without results")
    run.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    add_run_options(run)
    tables = commands.add_parser("report", help="print the tables")
    for command in (run, tables):
        command.add_argument("--places", nargs="+", choices=list(PLACES), default=list(PLACES))
    args = parser.parse_args()
    if args.command == "run":
        # First seeds first, so that a table of all methods is ready soon.
        found = (r for place in args.places for _, r in all_runs(place, args.corpora))
        runs = sorted(dict.fromkeys(found), key=lambda run: run.seed)
        run_all(runs, args.encoder or default_encoder(), args.work, args.jobs)
    else:
        report(args.places)


if __name__ == "__main__":
    main()
