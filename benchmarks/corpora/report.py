"""The tables of the scores."""

from typing import Dict, List

from ..metrics import TITLES, cell, print_machine
from .plans import COMPARED, PLANS
from .results import load_results


def report() -> None:
    """Print a table per plan: mean and range over the seeds."""
    results = load_results()
    for plan in COMPARED:
        settings = PLANS[plan]
        titles = [f"{name}: {TITLES[task.metric]}" for name, task in settings.tasks]
        print(f"\n### {plan} (test; mean, range, number of seeds)\n")
        print(f"| | steps | {' | '.join(titles)} |")
        print("| --- | --- |" + " --- |" * len(titles))
        for system in settings.systems:
            rows = [row for run, row in results.items() if (run.plan, run.system) == (plan, system)]
            values: Dict[str, List[float]] = {name: [] for name, _ in settings.tasks}
            for row in rows:
                for name, value in row["scores"].items():
                    values[name].append(value)
            steps = sum({tuple(row["tasks"]): row["steps"] for row in rows}.values())
            print(f"| {system} | {steps} | {' | '.join(map(cell, values.values()))} |")
    print_machine()
