"""Ways to balance the tasks at the parameters, compared on the development sets.

    python -m benchmarks.balancing run      # trains what is missing
    python -m benchmarks.balancing report   # prints the tables

The budgets of `benchmarks.weighting`, in three seeds. Norms of the whole encoder against those of
its last layer; equal norms (1 / norm) against GradNorm's rule, and against the square root of the
norms, which is half way to equal weights; with and without a floor under the weights. Only the
norms of the last layer need the gradients of each step; all others are measured now and then.
The scores on the test sets are kept, too, but not looked at here.
"""

import argparse
import json
import statistics
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy

from spacy_mtl.registry import registry
from spacy_mtl.weighting.balanced import Balanced

from .accuracy.results import add_result, load_results
from .accuracy.runs import Run, make_run, runs_of
from .accuracy.suites import SUITES
from .accuracy.training import run_all, train_and_score
from .metrics import METRICS, TITLES, cell, print_machine
from .places import default_encoder
from .side_by_side import add_one, add_run_options

CORPORA = ("gum-weighting", "snips-weighting")
SEEDS = [0, 1, 2]
NAME = "benchmarks.Balanced.v1"
MEASURED = {"gradients": "parameters", "every": "auto"}
#: By title: the fields of the suite that differ.
VARIANTS: Dict[str, Dict[str, Any]] = {
    "equal norms (Balanced)": {"method": "Balanced", **MEASURED},
    "equal norms, floor 0.1": {"method": NAME, "method_settings": {"floor": 0.1}, **MEASURED},
    "square roots of norms": {"method": NAME, "method_settings": {"power": 0.5}, **MEASURED},
    "GradNorm's rule, alpha 0": {
        "method": "GradNorm",
        "method_settings": {"learn_rate": 0.025, "alpha": 0.0},
        **MEASURED,
    },
    "GradNorm's rule, alpha 1.5": {
        "method": "GradNorm",
        "method_settings": {"learn_rate": 0.025},
        **MEASURED,
    },
    "equal norms of the last layer": {
        "method": NAME,
        "method_settings": {"last": True},
        "gradients": "parameters",
    },
}
#: The values of MiniLM-L6's last layer with those of the pooler, which end a row.
N_LAST = 1_774_464 + 147_840


@registry.mtl_weightings(NAME)
class Variant(Balanced):
    """`Balanced` with settings to try.

    power (float): The exponent of the norm by which to divide.
    floor (float): The least share of a task, of the mean share.
    last (bool): Whether to take the norms of the last layer.
    """

    def __init__(
        self,
        *,
        power: float = 1.0,
        floor: float = 0.0,
        last: bool = False,
        weights: Dict[str, Any] = {},
    ) -> None:
        super().__init__(weights=weights)
        self.power = power
        self.floor = floor
        self.last = last

    def weigh(self, rows: Any) -> numpy.ndarray:
        """RETURNS (ndarray): The weights: see `TaskWeighting`."""
        if self.last:
            rows = replace(rows, gradients=rows.gradients[:, -N_LAST:])
        found = super().weigh(rows) ** self.power
        return numpy.maximum(found, self.floor * found.mean())


def all_runs(corpora: Sequence[str] = CORPORA) -> Iterator[Tuple[str, Run]]:
    """YIELDS (Tuple[str, Run]): The title of a table row, and one of its runs."""
    scored = (("score_dev", True),)
    for suite in corpora:
        for title, system in (
            ("each task alone", "ours-alone"),
            ("Constant, equal", "ours-joint-equal"),
            ("Constant, tuned", "ours-joint"),
        ):
            for run in runs_of(suite, [system], SEEDS, scored):
                yield title, run
        for title, fields in VARIANTS.items():
            settings = tuple(fields.get("method_settings", {}).items())
            changes = {**fields, "method_settings": settings, "weights": ()}
            for seed in SEEDS:
                changed = (*changes.items(), *scored)
                yield title, Run(suite, "ours-joint", SUITES[suite].tasks, seed, changed)


def report() -> None:
    """Print a table per corpus: mean and range over the seeds on the development set."""
    results = load_results()
    for suite in CORPORA:
        metrics = [key for task in SUITES[suite].tasks for key in METRICS[task]]
        rows: Dict[str, List[Dict[str, float]]] = {}
        for title, run in all_runs([suite]):
            if run in results:
                rows.setdefault(title, []).append(results[run]["dev"])
        print(f"\n### {suite} (dev; mean, range, number of seeds)\n")
        print("| | " + " | ".join(TITLES[m] for m in metrics) + " | mean |")
        print("| --- |" + " --- |" * (len(metrics) + 1))
        for title, found in rows.items():
            columns = [[scores[m] for scores in found if m in scores] for m in metrics]
            mean = statistics.mean(statistics.mean(c) for c in columns) if all(columns) else 0.0
            print(f"| {title} | {' | '.join(map(cell, columns))} | {mean:.1f} |")
    print_machine()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and score all runs without results")
    run.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    add_run_options(run)
    commands.add_parser("report", help="print the tables")
    add_one(commands)
    args = parser.parse_args()
    if args.command == "run":
        runs = sorted((run for _, run in all_runs(args.corpora)), key=lambda run: run.seed)
        encoder = args.encoder or default_encoder()
        # Processes that know `Variant`.
        run_all(runs, encoder, args.work, args.jobs, module="benchmarks.balancing")
    elif args.command == "report":
        report()
    else:
        add_result(train_and_score(make_run(json.loads(args.spec)), args.encoder, args.work))


if __name__ == "__main__":
    main()
