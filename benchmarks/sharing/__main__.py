"""Compare sharing schemes: their scores and what they cost.

    python -m benchmarks.sharing run --subset --hours 3   # trains what is missing
    python -m benchmarks.sharing report                   # prints the tables of scores
    python -m benchmarks.sharing cost                     # measures and prints the table of costs

Every registered scheme, with its default settings, takes the place of `HardSharing`, and nothing
else changes: on GUM (tags, entities, genre), on SNIPS (slots, intent), and on three corpora
without a common text (EWT for tags, WNUT17 for entities, SST-2 for sentiment). All have the same
budget: "full" takes all training texts, `--subset` a share of them, and each text is seen three
times or more. "Each task alone" is one pipeline per task, with the same number of passes over its
texts. All other settings were chosen with `HardSharing`, those of the three corpora on other
corpora. The last weights are scored. A finished run is a line of benchmarks/results/sharing.jsonl.
Runs that were stopped start over. All schemes have had their turn on all suites with one seed
before the next seed begins.

`cost` measures parameters, training, inference and peak memory relative to `HardSharing`. The
schemes take turns, step by step, on GUM with the heads of configs/joint.cfg.
"""

import argparse
import json
from pathlib import Path

from ..places import WORK, default_encoder
from ..side_by_side import add_one, add_run_options
from .cost import compare, measure_memory
from .report import report
from .results import add_result
from .runs import make_run, runs_of
from .schemes import find_schemes
from .suites import KINDS
from .training import run_all, train_and_score


def main() -> None:
    """Run the command line."""
    schemes = find_schemes()
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m benchmarks.sharing", description=__doc__, formatter_class=formatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and score all runs without results")
    run.add_argument("--suites", nargs="+", choices=list(KINDS), default=list(KINDS))
    run.add_argument("--schemes", nargs="+", choices=schemes, default=schemes)
    run.add_argument("--seeds", type=int, default=3, help="the number of seeds")
    run.add_argument("--hours", type=float, default=None, help="start no run that exceeds these")
    run.add_argument("--subset", action="store_true", help="the small budget: three hours")
    add_run_options(run)
    tables = commands.add_parser("report", help="print the tables of scores")
    tables.add_argument("--split", choices=("test", "dev"), default="test")
    cost = commands.add_parser("cost", help="measure and print the table of costs")
    cost.add_argument("--schemes", nargs="+", choices=schemes, default=schemes)
    cost.add_argument("--repeats", type=int, default=15)
    cost.add_argument("--threads", type=int, default=1)
    cost.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    cost.add_argument("--encoder", default=None)
    cost.add_argument("--work", type=Path, default=WORK)
    add_one(commands)
    memory = commands.add_parser("memory", help="(used by cost)")
    for name in ("scheme", "precision", "encoder"):
        memory.add_argument(name)
    memory.add_argument("work", type=Path)
    args = parser.parse_args()
    if args.command == "run":
        budget = "subset" if args.subset else "full"
        runs = runs_of(args.suites, budget, args.schemes, args.seeds)
        run_all(runs, args.encoder or default_encoder(), args.work, args.jobs, args.hours)
    elif args.command == "report":
        report(args.split)
    elif args.command == "cost":
        encoder = args.encoder or default_encoder()
        compare(args.schemes, args.repeats, args.threads, args.precision, encoder, args.work)
    elif args.command == "memory":
        print(measure_memory(args.scheme, args.precision, args.encoder, args.work))
    else:
        add_result(train_and_score(make_run(json.loads(args.spec)), args.encoder, args.work))


if __name__ == "__main__":
    main()
