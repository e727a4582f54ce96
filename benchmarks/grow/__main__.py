"""A task or labels more for a trained pipeline: what is learned, and what is forgotten.

    python -m benchmarks.grow run      # trains what is missing
    python -m benchmarks.grow run --seeds 1
    python -m benchmarks.grow report   # prints the tables

On GUM. A task: tags and entities are trained on one half of the documents, then the genre is added
with the other half, which has nothing but genres: with a frozen encoder, an adapter, rehearsal on
the new texts alone or also on the old ones, and by training everything without a teacher. Labels:
tags and entities are trained without two entity types, which are added to the head afterwards from
200 documents, with `spacy_mtl.rehearse` and without; beside it, a pipeline that was trained with
all types from the start. Scores are those of the test set, before and after.
"""

import argparse
import json

from ..finished import add_finished
from ..places import RESULTS, default_encoder
from ..side_by_side import add_one, add_run_options, run_side_by_side
from .report import report
from .runs import FILE, SEEDS, measure, missing_runs


def main() -> None:
    """Run the command line."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m benchmarks.grow", description=__doc__, formatter_class=formatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and score all runs without results")
    run.add_argument("--seeds", type=int, default=len(SEEDS), help="the number of seeds")
    add_run_options(run)
    commands.add_parser("report", help="print the tables")
    add_one(commands)
    args = parser.parse_args()
    if args.command == "run":
        todo = [each for each in missing_runs() if each["seed"] < args.seeds]
        specs = {f"grow-{i}": json.dumps(spec) for i, spec in enumerate(todo)}
        encoder = args.encoder or default_encoder()
        run_side_by_side("benchmarks.grow", specs, encoder, args.work, args.jobs)
    elif args.command == "report":
        report()
    else:
        add_finished(RESULTS / FILE, measure(json.loads(args.spec), args.encoder, args.work))


if __name__ == "__main__":
    main()
