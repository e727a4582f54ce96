"""The tables of the scores."""

from dataclasses import replace
from typing import Dict, Tuple

from ..finished import Row
from ..metrics import METRICS, TITLES, cell, differences, print_machine, spread_cell
from .results import load_results
from .runs import Run, runs_of
from .suites import ALL, OF_WEIGHTING, OURS, SNIPS, SUITES

#: The scores of a system with its changes, by metric and seed.
Scores = Dict[str, Dict[int, float]]
ALONE = ("ours-alone", "")


def report(split: str) -> None:
    """Print two tables per suite: the scores, and the differences to each task alone.

    split (str): "test", or "dev", on which settings were chosen.
    """
    results = load_results()
    for name, suite in SUITES.items():
        metrics = [key for task in suite.tasks for key in METRICS[task]]
        metrics += ["both"] if suite.tasks == SNIPS.tasks else []
        found, steps = scores_of(results, name, split)
        if not found:
            continue
        header = " | ".join(TITLES[m] for m in metrics)
        print(f"\n### {name} ({split}; mean, range, number of seeds)\n")
        print(f"| | | steps | {header} |")
        print("| --- | --- | --- |" + " --- |" * len(metrics))
        for (system, change), scores in found.items():
            cells = (cell(list(scores.get(metric, {}).values())) for metric in metrics)
            n_steps = steps[system, change]
            print(f"| {system} | {change} | {n_steps} | " + " | ".join(cells) + " |")
        joint = {place: scores for place, scores in found.items() if place[0].startswith("ours-j")}
        if ALONE in found and joint:
            print("\nAgainst each task alone (mean and standard deviation of the differences):\n")
            print(f"| | | {header} |\n| --- | --- |" + " --- |" * len(metrics))
        for (system, change), scores in joint.items() if ALONE in found else ():
            of_seeds = [differences(scores.get(m, {}), found[ALONE].get(m, {})) for m in metrics]
            cells = (spread_cell(list(values.values()), "+") for values in of_seeds)
            print(f"| {system} | {change} | " + " | ".join(cells) + " |")
    print_machine()


def scores_of(
    results: Dict[Run, Row], suite: str, split: str
) -> Tuple[Dict[Tuple[str, str], Scores], Dict[object, int]]:
    """Collect the scores of a suite.

    results (Dict[Run, Dict[str, Any]]): All finished runs.
    suite (str): The name of the suite.
    split (str): See `report`.
    RETURNS (Tuple[Dict[Tuple[str, str], Dict], Dict[Tuple[str, str], int]]): The scores by system
        and changes, then metric and seed; and the training steps by system and changes.
    """
    found: Dict[Tuple[str, str], Scores] = {}
    steps: Dict[object, int] = {}
    rows = {run: row for run, row in results.items() if run.suite == suite and _is_shown(run)}
    for run in sorted(rows, key=lambda run: (ALL.index(run.system), run.change, run.seed)):
        row = rows[run]
        if split == "test" or "dev" in row:
            place = (run.system, _trained_as(run).change)
            scores = found.setdefault(place, {})
            steps[place] = row["steps"]
            for metric, value in row["scores" if split == "test" else "dev"].items():
                scores.setdefault(metric, {})[run.seed] = value
    return found, steps


SCORED = (("score_dev", True),)


def _is_shown(run: Run) -> bool:
    # Of the hundreds of runs of benchmarks.weighting, those of equal, tuned and default weights,
    # also with other changes.
    if not run.suite.endswith("-weighting"):
        return True
    weighted = tuple(c for c in run.changes if c[0] in (*OF_WEIGHTING, "score_dev"))
    plain = replace(run, changes=weighted)
    return plain in runs_of(run.suite, list(OURS), [run.seed], SCORED)


def _trained_as(run: Run) -> Run:
    """RETURNS (Run): The run, whatever it was scored on."""
    return replace(run, changes=tuple(c for c in run.changes if c[0] != "score_dev"))
