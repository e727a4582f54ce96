"""How much faster is training by two ranks, and annotation by the workers of an engine?

    python -m benchmarks.scale train run         # one process, and two ranks
    python -m benchmarks.scale train report      # prints ratios, and estimates for more ranks

One process with one thread, with two threads, and two ranks with one thread each train the GUM
pipeline (tags, entities, genre) on the same batches, in turns: batches of 2,000 words, so 1,000 for
each rank, and of two texts, in float32, and in bfloat16 where the processor has it. So do two
processes that don't know of each other, on batches of half the size: what the cores can do at all.
Figures are appended to benchmarks/results/ranks.jsonl.

    python -m benchmarks.scale annotate run      # GUM's test texts, and 100,000 short texts
    python -m benchmarks.scale annotate report   # prints the tables of the last run on each
    python -m benchmarks.scale annotate run --corpora short --texts 2000 --turns 1   # a quick try

A briefly trained pipeline with tags, entities and categories annotates by `nlp.pipe` with as many
processes, by the engines of `spacy mtl apply`, and by the class as users call it in Ray and Spark,
in turns. What counts is the time after the start of the workers, each of which has one thread. What
starts anew in each call (`nlp.pipe`, Ray Data) is timed with a few texts before, and that is taken
off. `nlp.pipe` makes documents, the others make rows; these are compared with those of `nlp.pipe`
in one process. Memory is that of each Python process that annotates; "bytes per text" is the slope
after its first quarter. The corpora are read from $SPACY_MTL_DATA (default ../shared). Needs the
extras ray and spark, and Java; what isn't installed is left out. Figures are appended to
benchmarks/results/annotate.jsonl.
"""

import argparse
import os
from pathlib import Path
from typing import Any

from ..accuracy.suites import SUITES, convert_all
from ..places import WORK, default_encoder
from ..processor import bfloat16_feature
from ..timing import set_threads
from . import training
from .annotate import prepare, report, run
from .contestants import CONTESTANTS, installed
from .steps import SUITE, Plan

#: The batches that are measured, of all ranks together, by what their size counts; and the steps
#: of a turn. Two texts may be short or long, so it takes more steps until turns are alike.
SIZES = {"words": 2000, "texts": 2}
STEPS = {"words": 6, "texts": 40}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whats = parser.add_subparsers(dest="what", required=True)
    add_train(whats)
    add_annotate(whats)
    args = parser.parse_args()
    args.run(args)


def add_train(whats: Any) -> None:
    """Add the commands about training."""
    train = whats.add_parser("train", help="train by one process and by two ranks")
    commands = train.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run", help="measure, and add the figures")
    known = ["fp32", "bf16"]
    here = known if bfloat16_feature() else known[:1]
    command.add_argument("--precisions", nargs="+", choices=known, default=here)
    command.add_argument("--units", nargs="+", choices=list(SIZES), default=list(SIZES))
    command.add_argument("--turns", type=int, default=7)
    command.add_argument("--encoder", default=None)
    command.add_argument("--work", type=Path, default=WORK)
    command.set_defaults(run=run_train)
    tables = commands.add_parser("report", help="print the tables")
    tables.set_defaults(run=lambda args: training.report())


def run_train(args: argparse.Namespace) -> None:
    """Measure training."""
    encoder = args.encoder or default_encoder()
    # Not in several processes at a time.
    convert_all(SUITES[SUITE], args.work)
    plans = {
        Plan(precision, SIZES[unit], unit, encoder, str(args.work)): STEPS[unit]
        for precision in args.precisions
        for unit in args.units
    }
    training.run(plans, args.turns)


def add_annotate(whats: Any) -> None:
    """Add the commands about annotation."""
    annotate = whats.add_parser("annotate", help="annotate collections by Ray, Spark and others")
    commands = annotate.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run", help="measure, and add the figures")
    command.add_argument("--corpora", nargs="+", choices=("gum", "short"), default=["gum", "short"])
    command.add_argument("--texts", type=int, default=100_000, help="number of short texts")
    command.add_argument("--workers", type=int, default=2)
    command.add_argument("--turns", type=int, default=3)
    command.add_argument("--only", nargs="+", choices=list(CONTESTANTS), metavar="CONTESTANT")
    command.add_argument("--encoder", default=None)
    command.add_argument("--work", type=Path, default=WORK)
    command.set_defaults(run=run_annotate)
    tables = commands.add_parser("report", help="print the tables")
    tables.set_defaults(run=lambda args: report())


def run_annotate(args: argparse.Namespace) -> None:
    """Measure annotation."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    set_threads(1)
    contestants = installed()
    if args.only:
        contestants = {name: each for name, each in contestants.items() if name in args.only}
    pipeline = prepare(args.encoder or default_encoder(), args.work)
    run(args.corpora, args.texts, pipeline, contestants, args.workers, args.turns, args.work)


if __name__ == "__main__":
    main()
