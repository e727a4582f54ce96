"""How much this package adds to the time that `python -m spacy` takes to start.

    python -m benchmarks.startup

Runs `python -m spacy --help` with and without the entry point of `spacy mtl`, in turns and in
either order, after a round that isn't counted. What counts is the processor time of the process, so
that other work on the machine hardly matters. "Again" is the same as "without", and shows how exact
the figures are.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
from typing import Dict, List

from .metrics import print_machine
from .timing import Contestant, measure

#: Runs spaCy's command line, with the package's entry points or without.
RUNNER = """
import importlib.metadata, runpy, sys
load = importlib.metadata.EntryPoint.load
if sys.argv[1] == "without":
    importlib.metadata.EntryPoint.load = (
        lambda self: None if self.value.startswith("spacy_mtl.") else load(self)
    )
sys.argv = ["spacy", *sys.argv[2:]]
runpy.run_module("spacy", run_name="__main__", alter_sys=True)
"""
WITHOUT, WITH, AGAIN = "without the package", "with the package", "without, again"


def start(entry_points: str, *args: str) -> Contestant:
    """Make a contestant that starts spaCy's command line.

    entry_points (str): "with" or "without" those of this package.
    *args (str): The arguments of the command line.
    RETURNS (Callable[[], None]): The contestant.
    """
    command = [sys.executable, "-c", RUNNER, entry_points, *args]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}

    def run() -> None:
        done = subprocess.run(command, capture_output=True, text=True, env=environ)
        # What is measured must be what is meant.
        if done.returncode or ("mtl" in done.stdout) != (entry_points == "with"):
            sys.exit(f"{' '.join(args)} failed: {done.stdout}{done.stderr}")

    return run


def seconds_of_children() -> float:
    """RETURNS (float): The processor time of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(seconds: Dict[str, List[float]]) -> None:
    """Print the medians, and the difference in each turn.

    seconds (Dict[str, List[float]]): The seconds of each turn.
    """
    print("\n| `python -m spacy --help` | seconds | more than without |\n| --- | --- | --- |")
    for name, values in seconds.items():
        more = [100 * (own / other - 1) for own, other in zip(values, seconds[WITHOUT])]
        spread = f"{statistics.median(more):+.1f} % ({min(more):+.1f} to {max(more):+.1f})"
        cell = "–" if name == WITHOUT else spread
        print(f"| {name} | {statistics.median(values):.2f} | {cell} |")
    print(f"\nMedians of {len(seconds[WITHOUT])} turns (lowest to highest), processor time.")
    print_machine()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    args = parser.parse_args()
    contestants = {
        WITHOUT: start("without", "--help"),
        WITH: start("with", "--help"),
        AGAIN: start("without", "--help"),
    }
    report(measure(contestants, args.turns, seconds_of_children, alternate=True))


if __name__ == "__main__":
    main()
