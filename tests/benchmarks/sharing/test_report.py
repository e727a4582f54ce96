"""The tables of the scores."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

#: Scores of tags, entities and genre, by contestant and seed.
SCORES: Dict[str, Any] = {
    "HardSharing": [(90, 40, 60), (92, 42, 60)],
    "alone": [(91, 41, 50), (91, 41, 50)],
    # Ahead on one task, by 2 with every seed.
    "MMoE": [(90, 42, 60), (92, 44, 59)],
    # Ahead on average, but with one seed only.
    "PLE": [(94, 40, 60), (90, 42, 60)],
    # Stopped after the first seed.
    "CGC": [(99, 99, 99)],
}


@pytest.fixture
def report(benchmark_module: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable:
    runs, results = (benchmark_module(f"sharing.{name}") for name in ("runs", "results"))
    monkeypatch.setattr(results, "RESULTS", tmp_path / "sharing.jsonl")
    schemes = [name for name in SCORES if name != "alone"]
    for run in runs.runs_of(["gum"], "subset", schemes, 2):
        found = SCORES[run.scheme if len(run.tasks) == 3 else "alone"]
        if run.seed < len(found):
            by_task = dict(zip(("tagger", "ner", "textcat"), map(float, found[run.seed])))
            scores = {task: by_task[task] for task in run.tasks}
            row = {**asdict(run), "settings": runs.settings_of(run), "scores": scores}
            results.add_result({**row, "dev": dict.fromkeys(scores, 0.0)})
    return benchmark_module("sharing.report").report


def test_tables_with_spread_and_differences(report: Callable, capsys: Any) -> None:
    report()
    lines = capsys.readouterr().out.splitlines()
    assert "### gum, subset (test; mean ± standard deviation, seeds)" in lines
    rows = [line for line in lines if line.startswith("| ")][2:]
    assert [row.split(" | ")[0] for row in rows] == [
        "| HardSharing",
        "| each task alone",
        "| CGC",
        "| MMoE",
        "| PLE",
    ]
    assert rows[0] == (
        "| HardSharing | 91.0 ± 1.4 (2) | 41.0 ± 1.4 (2) | 60.0 ± 0.0 (2) | – | +3.3 ± 0.9 (2) |"
    )
    assert rows[2].startswith("| CGC | 99.0 (1) | 99.0 (1) | 99.0 (1) | +35.7 (1) |")
    assert rows[3] == (
        "| MMoE | 91.0 ± 1.4 (2) | 43.0 ± 1.4 (2) | 59.5 ± 0.7 (2) | +0.5 ± 0.2 (2) "
        "| +3.8 ± 0.7 (2) |"
    )


def test_schemes_that_never_help_are_named(report: Callable, capsys: Any) -> None:
    """One seed proves nothing, nor does a mean within the spread."""
    report()
    lines = capsys.readouterr().out.splitlines()
    assert "- MMoE: gum: ner" in lines
    assert "- PLE: **never**" in lines
    assert not any(line.startswith("- CGC") for line in lines)


def test_scores_on_the_development_sets(report: Callable, capsys: Any) -> None:
    report("dev")
    assert "| PLE | 0.0 ± 0.0 (2) | 0.0 ± 0.0 (2) | 0.0 ± 0.0 (2) |" in capsys.readouterr().out
