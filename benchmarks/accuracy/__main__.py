"""Compare scores of joint training, each task alone, and stock spaCy.

    python -m benchmarks.accuracy run snips-short gum-short   # trains what is missing
    python -m benchmarks.accuracy report                      # prints the tables
    python -m benchmarks.accuracy precision                   # bfloat16 beside float32

Corpora are read from $SPACY_MTL_DATA (default ../shared), the encoder from
--encoder (a folder or a hub name; default: the MiniLM of `make demo`). A run is one
system, one set of tasks and one seed, trained for a fixed number of steps; its last
weights are scored on the test set, so no model is selected on the dev set. Each
finished run is a line of benchmarks/results/accuracy.jsonl, and is not repeated unless
the settings of its suite have changed. An ablation:

    python -m benchmarks.accuracy run gum-short --systems ours-joint --change hidden_width=null
"""

import argparse
import json

from ..places import default_encoder
from ..side_by_side import add_one, add_run_options
from .precision import precision_runs, report_precision
from .report import report
from .results import add_result
from .runs import make_run, runs_of
from .suites import ALL, SUITES, parse_change
from .training import run_all, train_and_score

SHORT = ["gum-short", "snips-short"]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.accuracy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and score all runs without results")
    run.add_argument("suites", nargs="+", choices=list(SUITES))
    run.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    run.add_argument("--systems", nargs="+", choices=ALL, default=ALL)
    run.add_argument(
        "--change",
        nargs="+",
        default=[],
        metavar="FIELD=JSON",
        help="an ablation: new values for fields of the suite, such as hidden_width=null",
    )
    add_run_options(run)
    precision = commands.add_parser("precision", help="train in float32 and bfloat16, compare")
    precision.add_argument("--suites", nargs="+", choices=list(SUITES), default=SHORT)
    precision.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add_run_options(precision)
    tables = commands.add_parser("report", help="print the tables")
    tables.add_argument("--split", choices=("test", "dev"), default="test")
    add_one(commands)
    args = parser.parse_args()
    if args.command == "run":
        encoder = args.encoder or default_encoder()
        changes = tuple(parse_change(change) for change in args.change)
        runs = [
            run
            for suite in args.suites
            for run in runs_of(suite, args.systems, args.seeds, changes)
        ]
        run_all(runs, encoder, args.work, args.jobs)
    elif args.command == "precision":
        encoder = args.encoder or default_encoder()
        run_all(precision_runs(args.suites, args.seeds), encoder, args.work, args.jobs)
        report_precision(args.suites)
    elif args.command == "report":
        report(args.split)
    else:
        add_result(train_and_score(make_run(json.loads(args.spec)), args.encoder, args.work))


if __name__ == "__main__":
    main()
