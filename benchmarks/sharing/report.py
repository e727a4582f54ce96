"""The tables of the scores."""

import statistics
from typing import Dict, List

from ..metrics import TITLES, differences, print_machine, spread_cell
from .results import load_results
from .runs import ALONE, Run
from .schemes import BASELINE
from .suites import BUDGETS, KINDS, suite_of

#: Scores by task and seed.
Scores = Dict[str, Dict[int, float]]


def report(split: str = "test") -> None:
    """Print a table per suite and budget, and name the schemes that never help.

    split (str): "test" or "dev".
    """
    for budget in BUDGETS:
        helped: Dict[str, List[str]] = {}
        for suite in KINDS:
            found = scores_of(suite, budget, split)
            if found:
                print(f"\n### {suite}, {budget} ({split}; mean ± standard deviation, seeds)\n")
                _print_table(found, suite_of(suite, budget).metrics)
                for name, tasks in helped_by(found).items():
                    helped.setdefault(name, []).extend(f"{suite}: {task}" for task in tasks)
        if helped:
            print(f"\nAhead of {BASELINE} by more than the standard deviation of the difference,")
            print(f"with the budget {budget}:\n")
        for name, where in helped.items():
            print(f"- {name}: {'; '.join(where) or '**never**'}")
    print_machine()


def scores_of(suite: str, budget: str, split: str) -> Dict[str, Scores]:
    """Collect the scores of a suite.

    RETURNS (Dict[str, Dict[str, Dict[int, float]]]): By contestant, task and seed, with the
        comparisons first.
    """
    found: Dict[str, Scores] = {BASELINE: {}, ALONE: {}}
    results = load_results()
    for run in sorted(results, key=_place):
        if (run.suite, run.budget) == (suite, budget):
            by_task = found.setdefault(run.contestant, {})
            for task, score in results[run]["scores" if split == "test" else "dev"].items():
                by_task.setdefault(task, {})[run.seed] = score
    return {name: scores for name, scores in found.items() if scores}


def _place(run: Run) -> List[object]:
    return [run.scheme, run.seed]


def mean_differences(own: Scores, other: Scores) -> List[float]:
    """RETURNS (List[float]): The mean difference over all tasks, for seeds that have them all."""
    tasks = {*own, *other}
    found = [differences(own.get(task, {}), other.get(task, {})) for task in tasks]
    seeds = set.intersection(*map(set, found)) if found else set()
    return [statistics.mean(each[seed] for each in found) for seed in sorted(seeds)]


def helped_by(found: Dict[str, Scores]) -> Dict[str, List[str]]:
    """Find the tasks that a scheme helps: see `report`.

    found (Dict[str, Dict[str, Dict[int, float]]]): The result of `scores_of`.
    RETURNS (Dict[str, List[str]]): The tasks by scheme, for schemes with two seeds or more.
    """
    helped: Dict[str, List[str]] = {}
    for name, scores in found.items():
        if name in (BASELINE, ALONE):
            continue
        for task in scores:
            of_baseline = found.get(BASELINE, {}).get(task, {})
            values = list(differences(scores[task], of_baseline).values())
            if len(values) > 1:
                ahead = statistics.mean(values) > statistics.stdev(values)
                helped.setdefault(name, []).extend([task] if ahead else [])
    return helped


def _print_table(found: Dict[str, Scores], metrics: Dict[str, str]) -> None:
    titles = [TITLES[metric] for metric in metrics.values()]
    titles += [f"mean difference to {BASELINE}", f"to {ALONE}"]
    print(f"| | {' | '.join(titles)} |\n| --- |" + " --- |" * len(titles))
    for name, scores in found.items():
        cells = [spread_cell(list(scores.get(task, {}).values())) for task in metrics]
        for other in (BASELINE, ALONE):
            values = mean_differences(scores, found.get(other, {})) if name != other else []
            cells.append(spread_cell(values, "+"))
        print(f"| {name} | {' | '.join(cells)} |")
