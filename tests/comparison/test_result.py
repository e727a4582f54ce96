"""What is made of the counts and logs of all runs."""

import json
from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest

from spacy_mtl.comparison.conflicts import conflicting, read_cosines
from spacy_mtl.comparison.result import result_of
from spacy_mtl.comparison.result_text import result_text
from spacy_mtl.comparison.setups import Setup, runs_of, setups_of
from spacy_mtl.comparison.training_runs import write_record
from spacy_mtl.evaluation.counts import DocumentCounts, TaskCounts
from spacy_mtl.evaluation.label_counts import MISSED, RIGHT, CountTable

N_DOCUMENTS, SEEDS = 60, [0, 1, 2]
#: How many of ten words are right, by setup and task.
RATES = {
    "a": {"a": 0.6},
    "b": {"b": 0.6},
    "joint": {"a": 0.9, "b": 0.3},
    "a+b": {},
    "with": {"a": 0.6, "b": 0.9},
}


def counts_of(rates: Dict[str, float], seed: int, n: int = N_DOCUMENTS) -> DocumentCounts:
    rng = numpy.random.default_rng(seed)
    tasks = {}
    for task, rate in rates.items():
        table = CountTable()
        for i in range(n):
            for is_right in rng.random(10) < rate:
                table.add(i, "x", RIGHT if is_right else MISSED)
        tasks[task] = TaskCounts(numpy.ones(n, bool), {"f": table.finish(n)}, {"f": 1.0})
    return DocumentCounts(numpy.arange(n), tasks, {})


def cosine_line(step: int, cosine: Any) -> str:
    pair = {"tasks": ["a", "b"], "n_steps": 5, "cosine": cosine}
    return json.dumps({"step": step, "losses": {}, "cosines": [pair]})


def make(folder: Path, setups: List[Setup]) -> Any:
    runs = list(runs_of(setups, SEEDS, folder))
    for run in runs:
        run.output.mkdir(parents=True)
        seconds = 10.0 * len(run.setup.tasks)
        write_record(run, {"processor_seconds": seconds, "words_per_second": 1000.0})
        lines = [cosine_line(step, -0.2 - 0.01 * step) for step in range(3)]
        (run.output / "log.jsonl").write_text("\n".join(lines) + "\n")
    counts = {s.name: [counts_of(RATES[s.name], seed) for seed in SEEDS] for s in setups}
    return runs, counts


def test_gain_loss_and_costs(tmp_path: Path) -> None:
    setups = setups_of(["a", "b"])
    runs, counts = make(tmp_path, setups)
    found = result_of(setups, runs, counts)
    assert (found["base"], found["compared"]) == ("alone", "joint")
    a, b = found["tasks"]["a"], found["tasks"]["b"]
    assert a["verdict"] == "gain"
    assert b["verdict"] == "loss"
    assert a["difference"] == pytest.approx(a["joint"] - a["alone"])
    assert a["interval"][0] <= a["difference"] <= a["interval"][1]
    assert a["p"] <= a["p_holm"] < 0.05
    assert found["negative_transfer"] == [{"setup": "joint", "task": "b"}]
    assert found["cost"]["all_alone"] == {"processor_seconds": 20.0, "words_per_second": 500.0}
    assert found["cost"]["joint_to_all_alone"] == {"training": 1.0, "words_per_second": 2.0}
    assert found["conflicts"]["conflicting"] == [["a", "b"]]
    json.dumps(found, allow_nan=False)


def test_groups_are_compared_with_each_task_alone(tmp_path: Path) -> None:
    setups = [*setups_of(["a", "b"]), Setup("a+b", ("a", "b"))]
    runs, counts = make(tmp_path, setups)
    counts["a+b"] = counts["joint"]
    found = result_of(setups, runs, counts)["groups"]["a+b"]
    assert found["tasks"] == ["a", "b"]
    assert {task: row["verdict"] for task, row in found["results"].items()} == {
        "a": "gain",
        "b": "loss",
    }
    assert found["results"]["a"]["together"] > found["results"]["a"]["alone"]


def test_task_without_annotation(tmp_path: Path) -> None:
    """As in a test file for other tasks: it isn't left out in silence."""
    setups = setups_of(["a", "b"])
    runs, counts = make(tmp_path, setups)
    for of_setup in counts.values():
        for each in of_setup:
            each.tasks.pop("b", None)
    found = result_of(setups, runs, counts)
    assert list(found["tasks"]) == ["a"]
    assert found["unannotated"] == ["b"]
    made = {"seeds": SEEDS, "scored_on": "dev", "is_dev": True, "n_documents": 60, "model": "m"}
    lines = result_text({**made, **found}).splitlines()
    assert "Not annotated in these documents: b" in lines


def test_two_configs(tmp_path: Path) -> None:
    setups = [Setup(name, ("a", "b")) for name in ("joint", "with")]
    runs, counts = make(tmp_path, setups)
    found = result_of(setups, runs, counts)
    assert (found["base"], found["compared"]) == ("joint", "with")
    assert {task: row["verdict"] for task, row in found["tasks"].items()} == {
        "a": "loss",
        "b": "gain",
    }
    assert "all_alone" not in found["cost"]


def test_other_documents_are_refused(tmp_path: Path) -> None:
    setups = setups_of(["a", "b"])
    runs, counts = make(tmp_path, setups)
    counts["a"][1] = counts_of({"a": 0.5}, 0, n=5)
    with pytest.raises(ValueError, match="not scored on the same documents.*--resume"):
        result_of(setups, runs, counts)


def test_text(tmp_path: Path) -> None:
    setups = setups_of(["a", "b"])
    runs, counts = make(tmp_path, setups)
    made = {"seeds": SEEDS, "scored_on": "dev", "is_dev": True, "n_documents": 60, "model": "m"}
    text = result_text({**made, **result_of(setups, runs, counts)})
    lines = text.splitlines()
    assert lines[0].startswith("Scores in percent on the development corpus dev (60 documents)")
    assert lines[2].split() == [
        "task",
        "alone",
        "joint",
        "difference",
        "95",
        "%",
        "interval",
        "p",
        "(Holm)",
        "verdict",
    ]
    assert lines[4].split()[0] == "a"
    assert lines[4].endswith("gain")
    assert "Negative transfer: b in joint" in lines
    assert "Conflicting gradients (mean cosine): a and b (-0.21)" in lines
    assert "Training all together takes 1.00 of the processor time" in text
    assert "2.0 times as many words per second" in text


def test_cosines_of_a_resumed_training(tmp_path: Path) -> None:
    """It repeats the steps after its checkpoint; the later log counts."""
    (tmp_path / "log.jsonl").write_text(f"{cosine_line(0, 0.5)}\n{cosine_line(10, 0.9)}\n")
    (tmp_path / "log.1.jsonl").write_text(f"{cosine_line(10, 0.1)}\n{cosine_line(20, None)}\n")
    found = read_cosines([tmp_path])
    assert found["a", "b"].n == 2
    assert found["a", "b"].value == pytest.approx(0.3)
    assert conflicting(found) == []
