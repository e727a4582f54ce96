"""The tables of the scores."""

from typing import Any, Dict, List, Tuple

from ..metrics import METRICS, TITLES, cell, print_machine
from .results import load_results
from .suites import ALL, SNIPS, SUITES


def report(split: str) -> None:
    """Print a table per suite: mean and range over the seeds.

    split (str): "test", or "dev", on which settings were chosen.
    """
    results = load_results()
    for name, suite in SUITES.items():
        if name.endswith("-weighting"):
            continue
        metrics = [key for task in suite.tasks for key in METRICS[task]]
        metrics += ["both"] if suite.tasks == SNIPS.tasks else []
        rows: Dict[Tuple[str, str], List[Dict[str, Any]]] = {}
        for run, row in results.items():
            if run.suite == name and (split == "test" or "dev" in row):
                rows.setdefault((run.system, run.change), []).append(row)
        if not rows:
            continue
        print(f"\n### {name} ({split}; mean, range, number of seeds)\n")
        print("| | | steps | " + " | ".join(TITLES[m] for m in metrics) + " |")
        print("| --- | --- | --- |" + " --- |" * len(metrics))
        for system, change in sorted(rows, key=lambda key: (ALL.index(key[0]), key[1])):
            group = rows[system, change]
            scores = [row["scores" if split == "test" else "dev"] for row in group]
            cells = (cell([s[metric] for s in scores if metric in s]) for metric in metrics)
            print(f"| {system} | {change} | {group[0]['steps']} | " + " | ".join(cells) + " |")
    print_machine()
