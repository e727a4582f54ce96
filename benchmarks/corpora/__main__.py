"""Compare tasks from different corpora on one encoder: scheduled, alone, and in stock spaCy.

    python -m benchmarks.corpora run      # trains what is missing
    python -m benchmarks.corpora report   # prints the tables

No text is annotated for two tasks: sentiment (SST-2) and topic (banking77); or tags (EWT),
entities (WNUT17) and sentiment. Every system takes as many steps as the single tasks together:
about `epochs` passes over each text, except for schedules with other shares. The last weights
are scored on each task's own test set. Stock spaCy gets the same texts merged into one corpus,
in which each text only has the annotation of its own task. Settings were chosen by
benchmarks.accuracy on other corpora, and none on these. Finished runs are lines of
benchmarks/results/corpora.jsonl.
"""

import argparse
import json

from ..places import default_encoder
from ..side_by_side import add_one, add_run_options
from .report import report
from .results import add_result
from .runs import make_run
from .training import run_all, train_and_score


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.corpora", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and score all runs without results")
    add_run_options(run)
    commands.add_parser("report", help="print the tables")
    add_one(commands)
    args = parser.parse_args()
    if args.command == "run":
        run_all(args.encoder or default_encoder(), args.work, args.jobs)
    elif args.command == "report":
        report()
    else:
        add_result(train_and_score(make_run(json.loads(args.spec)), args.encoder, args.work))


if __name__ == "__main__":
    main()
