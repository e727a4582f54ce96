"""The tables of tasks and labels that were added."""

import statistics
from typing import Any, Dict, List, Optional, Sequence

from ..metrics import print_machine
from .labels import FULL, HELD_BACK, REHEARSAL, TITLES
from .runs import load_results
from .tasks import NEW, OLD_TEXTS, WAYS
from .training import OLD

Rows = List[Dict[str, Any]]
#: What must hold: the most points that old types may lose, and the share of F1 of the new ones.
_MOST_LOST, _LEAST_SHARE = 1.0, 0.8
#: The most points that an old task may lose when another one is added.
_MOST_LOST_BY_TASK = 0.5


def report() -> None:
    """Print the tables: the means over the seeds, in percent."""
    results = load_results()
    _report_tasks([each for each in results if each["title"] in WAYS])
    _report_labels([each for each in results if each["title"] in TITLES])
    print_machine()


def _report_tasks(results: Rows) -> None:
    print("| a task more | tags | entities | genre | same tags | same entities | seeds |")
    print("| --- |" + " --- |" * 6)
    for title in ["before", *WAYS]:
        found = [each for each in results if title in ("before", each["title"])]
        if not found:
            continue
        key = "before" if title == "before" else "after"
        cells = [_mean([each["tasks"][task][key] for each in found]) for task in (*OLD, NEW)]
        same = [_same([each["tasks"][task] for each in found]) for task in OLD]
        _print_row(title, [*cells, *(["", ""] if title == "before" else same)], found)
    own = [each["tasks"] for each in results if each["title"] == OLD_TEXTS]
    if own:
        lost = [
            100 * statistics.mean(each[task]["before"] - each[task]["after"] for each in own)
            for task in OLD
        ]
        found_lost = " and ".join(f"{task} {points:.2f}" for task, points in zip(OLD, lost))
        print(f"\nWith rehearsal on old texts, they lose in points: {found_lost}")
        print(f"(at most {_MOST_LOST_BY_TASK}).")


def _report_labels(results: Rows) -> None:
    columns = ("tags", "old", "new", *HELD_BACK)
    print(f"\n| labels more | tags | old types | new types | {' | '.join(HELD_BACK)} | seeds |")
    print("| --- |" + " --- |" * (len(columns) + 1))
    for title in ("before", *TITLES):
        key = "before" if title == "before" else "after"
        found = [each for each in results if key in each and title in ("before", each["title"])]
        if found:
            name = title.removeprefix("new labels, ")
            _print_row(name, [_mean([each[key][c] for each in found]) for c in columns], found)
    rehearsed, full = (
        {each["seed"]: each for each in results if each["title"].endswith(way)}
        for way in (REHEARSAL, FULL)
    )
    seeds = sorted(set(rehearsed) & set(full))
    if seeds:
        own = [rehearsed[seed] for seed in seeds]
        lost = 100 * statistics.mean(each["before"]["old"] - each["after"]["old"] for each in own)
        all_new = statistics.mean(full[seed]["after"]["new"] for seed in seeds)
        share = statistics.mean(each["after"]["new"] for each in own) / all_new if all_new else 0.0
        print(f"\nWith rehearsal, old types lose {lost:.2f} points (at most {_MOST_LOST}), and new")
        print(f"ones reach {share:.2f} of their F1 from the start (at least {_LEAST_SHARE}).")


def _print_row(title: str, cells: Sequence[str], found: Rows) -> None:
    print(f"| {title} | {' | '.join(cells)} | {len({each['seed'] for each in found})} |")


def _same(tasks: Rows) -> str:
    """RETURNS (str): The share of predictions that are as before; or that they are so to the bit,
    scores of categories and entities included."""
    if all(task["identical"] for task in tasks):
        return "all, to the bit"
    return _mean([task["same"] for task in tasks])


def _mean(values: Sequence[Optional[float]]) -> str:
    known = [100 * value for value in values if value is not None]
    return f"{statistics.mean(known):.1f}" if known else "-"
