"""Scores after training in bfloat16, compared with float32, seed by seed."""

import statistics
from typing import Any, Dict, List, Sequence, Tuple

from ..finished import Row
from ..metrics import METRICS, TITLES, print_machine
from .results import load_results
from .runs import Run
from .suites import SUITES

SYSTEM = "ours-joint"
#: Float32 is named, too: runs without changes may be older than the encoder's current code.
PRECISIONS = ("fp32", "bf16")


def precision_runs(suites: Sequence[str], seeds: Sequence[int]) -> List[Run]:
    """RETURNS (List[Run]): The runs in both precisions, seed by seed."""
    return [
        make(suite, seed, precision)
        for seed in seeds
        for suite in suites
        for precision in PRECISIONS
    ]


def make(suite: str, seed: int, precision: str) -> Run:
    """RETURNS (Run): A run of the joint pipeline in a precision."""
    return Run(suite, SYSTEM, SUITES[suite].tasks, seed, (("precision", precision),))


def differences(results: Dict[Run, Row], suite: str, metric: str) -> List[Tuple[float, float]]:
    """RETURNS (List[Tuple[float, float]]): The score in float32, and what bfloat16 adds, for each
    seed with both.
    """
    found = []
    for run, row in results.items():
        rough = make(suite, run.seed, "bf16")
        if run == make(suite, run.seed, "fp32") and rough in results:
            exact = row["scores"][metric]
            found.append((exact, results[rough]["scores"][metric] - exact))
    return found


def report_precision(suites: Sequence[str]) -> None:
    """Print the scores on the test sets, in float32 and what bfloat16 changes."""
    results = load_results()
    print("\n| | | float32 | bfloat16 adds | seed by seed |\n| --- | --- | --- | --- | --- |")
    for suite in suites:
        for metric in [key for task in SUITES[suite].tasks for key in METRICS[task]]:
            found: Any = differences(results, suite, metric)
            if found:
                exact, added = zip(*found)
                each = ", ".join(f"{value:+.2f}" for value in added)
                print(f"| {suite} | {TITLES[metric]} | {statistics.mean(exact):.2f}", end=" | ")
                print(f"{statistics.mean(added):+.2f} | {each} |")
    print_machine()
