"""The result of a comparison, as it is saved: see docs/compare.md for the format."""

from functools import partial
from statistics import mean
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy

from ..evaluation.counts import DocumentCounts
from .conflicts import conflicting, read_cosines
from .paired_bootstrap import Difference, Scores, paired_difference
from .setups import JOINT, WITH, Run, Setup
from .training_runs import read_record
from .verdicts import LOSS, corrected, verdict_of

#: The counts of all runs, by name of the setup, seed by seed.
CountsBySetup = Mapping[str, Sequence[DocumentCounts]]


def result_of(
    setups: Sequence[Setup], runs: Sequence[Run], counts: CountsBySetup
) -> Dict[str, Any]:
    """Compare what was trained.

    setups (Sequence[Setup]): The setups.
    runs (Sequence[Run]): All of their runs.
    counts (Mapping[str, Sequence[DocumentCounts]]): Their counts, in the order of the seeds.
    RETURNS (Dict[str, Any]): The result, for JSON.
    RAISES (ValueError): If the pipelines weren't scored on the same documents.
    """
    _check_same(counts)
    by_name = {setup.name: setup for setup in setups}
    base, compared = (JOINT, WITH) if WITH in by_name else ("alone", JOINT)
    main = _compare(
        [(task, _base(base, task), compared) for task in by_name[compared].tasks], counts
    )
    groups = [s for s in setups if s.name not in (JOINT, WITH) and not s.is_alone]
    others = _compare([(t, t, s.name) for s in groups for t in s.tasks], counts)
    return {
        "base": base,
        "compared": compared,
        "tasks": {task: _named(row, base, compared) for (task, _), row in main.items()},
        "groups": {
            group.name: {
                "tasks": list(group.tasks),
                "results": {
                    task: _named(row, "alone", "together")
                    for (task, name), row in others.items()
                    if name == group.name
                },
            }
            for group in groups
        },
        "unannotated": [task for task in by_name[compared].tasks if (task, compared) not in main],
        "negative_transfer": [
            {"setup": name, "task": task}
            for (task, name), row in {**main, **others}.items()
            if row["verdict"] == LOSS
        ],
        "cost": _cost(setups, runs),
        "conflicts": _conflicts([run for run in runs if run.setup.name == compared]),
    }


def _base(base: str, task: str) -> str:
    return task if base == "alone" else base


def _named(row: Dict[str, Any], base: str, compared: str) -> Dict[str, Any]:
    return {
        base: row["base"],
        compared: row["other"],
        **row["comparison"],
        "verdict": row["verdict"],
    }


def _check_same(counts: CountsBySetup) -> None:
    documents = [each.documents for of_setup in counts.values() for each in of_setup]
    if any(not numpy.array_equal(each, documents[0]) for each in documents):
        raise ValueError(
            "The pipelines were not scored on the same documents. Remove the files counts.npz "
            "below the folder 'runs', and run the command with --resume."
        )


def _compare(
    rows: Sequence[Tuple[str, str, str]], counts: CountsBySetup
) -> Dict[Tuple[str, str], Dict[str, Any]]:
    """Compare tasks between pairs of setups, and correct for the number of comparisons."""
    found: Dict[Tuple[str, str], Difference] = {}
    for task, base, other in rows:
        annotated = _annotated(task, counts[base])
        if annotated is None:
            continue
        before, after = ([_scores(each, task) for each in counts[name]] for name in (base, other))
        difference = paired_difference(before, after, annotated)
        if difference is not None:
            found[task, other] = difference
    p_values = {f"{i}": each.p for i, each in enumerate(found.values())}
    holm = list(corrected(p_values).values())
    return {key: _row(each, p) for (key, each), p in zip(found.items(), holm)}


def _row(difference: Difference, p_holm: float) -> Dict[str, Any]:
    return {
        "base": difference.base,
        "other": difference.other,
        "comparison": {
            "difference": difference.value,
            "interval": [difference.low, difference.high],
            "p": difference.p,
            "p_holm": p_holm,
        },
        "verdict": verdict_of(difference, p_holm),
    }


def _annotated(task: str, counts: Sequence[DocumentCounts]) -> Optional[Any]:
    """RETURNS (Optional[Bools1d]): The documents of a task. None if it has no score."""
    if task in counts[0].tasks:
        return counts[0].tasks[task].annotated
    return numpy.ones(len(counts[0].documents), bool) if task in counts[0].uncounted else None


def _scores(counts: DocumentCounts, task: str) -> Scores:
    if task in counts.tasks:
        return partial(counts.tasks[task].scores, resampled=True)
    # Another's scorer: what it says about some of the documents is unknown.
    value = counts.uncounted[task]
    return lambda weights: numpy.full(len(weights), value)


def _cost(setups: Sequence[Setup], runs: Sequence[Run]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): Means over the seeds by setup; of all alone, one after another."""
    seconds: Dict[str, Optional[float]] = {}
    speed: Dict[str, float] = {}
    for setup in setups:
        records = [read_record(run) for run in runs if run.setup == setup]
        known = [record.get("processor_seconds") for record in records]
        seconds[setup.name] = None if None in known else mean(known)  # type: ignore[type-var]
        speed[setup.name] = mean(record["words_per_second"] for record in records)
    alone = [setup.name for setup in setups if setup.is_alone]
    cost: Dict[str, Any] = {"processor_seconds": seconds, "words_per_second": speed}
    if alone:
        parts: List[Any] = [seconds[name] for name in alone]
        total = None if None in parts else sum(parts)
        joint = seconds[JOINT]
        cost["all_alone"] = {
            "processor_seconds": total,
            "words_per_second": 1 / sum(1 / speed[name] for name in alone),
        }
        cost["joint_to_all_alone"] = {
            "training": joint / total if joint and total else None,
            "words_per_second": speed[JOINT] / cost["all_alone"]["words_per_second"],
        }
    return cost


def _conflicts(runs: Sequence[Run]) -> Dict[str, Any]:
    cosines = read_cosines(run.output for run in runs)
    return {
        "cosines": [
            {"tasks": list(pair), "mean": each.value, "error": each.error if each.n > 1 else None}
            for pair, each in cosines.items()
        ],
        "conflicting": [list(pair) for pair in conflicting(cosines)],
    }
