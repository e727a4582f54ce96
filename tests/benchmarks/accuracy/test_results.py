"""The file of results after the settings of a suite have changed."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest


def test_results_only_count_for_their_settings(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    runs, suites, results, report = (
        benchmark_module(f"accuracy.{name}") for name in ("runs", "suites", "results", "report")
    )
    monkeypatch.setattr(results, "RESULTS", tmp_path / "accuracy.jsonl")
    changes = tuple(map(suites.parse_change, ["hidden_width=null", 'weights={"ner":2.0}']))
    run, other = (
        runs.Run("gum-short", "ours-joint", suites.PIPES, 0, given) for given in (changes, ())
    )
    scores = {"tag_acc": 91.25, "ents_f": 40.0, "cats_micro_f": 50.0}
    rows = [
        {**asdict(run), "settings": runs.settings_of(run), "steps": 7, "scores": scores},
        {**asdict(other), "settings": {"epochs": 99}, "steps": 7, "scores": scores},
    ]
    for row in rows:
        results.add_result(row)
    assert list(results.load_results()) == [run]
    report.report("test")
    assert "hidden_width = None" in capsys.readouterr().out


def test_differences_to_each_task_alone(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    runs, results, report = (
        benchmark_module(f"accuracy.{name}") for name in ("runs", "results", "report")
    )
    monkeypatch.setattr(results, "RESULTS", tmp_path / "accuracy.jsonl")
    systems = ["ours-joint", "ours-joint-balanced", "ours-alone"]
    for run in runs.runs_of("zh_gsd", systems, [0, 1], ()):
        # Two points ahead of alone, or one behind, with a spread of a tenth of the seed.
        score = {"Constant": 52.0 + 0.2 * run.seed, "Balanced": 49.0}[run.plan.method]
        score = 50.0 if run.system == "ours-alone" else score
        own = {{"tagger": "tag_acc", "ner": "ents_f"}[task]: score for task in run.tasks}
        row = {**asdict(run), "settings": runs.settings_of(run), "steps": 7, "scores": own}
        results.add_result({**row, "dev": own})
    for split in ("test", "dev"):
        report.report(split)
        lines = [line for line in capsys.readouterr().out.splitlines() if " ± " in line]
        assert lines[0].endswith("| +2.1 ± 0.1 (2) | +2.1 ± 0.1 (2) |")
        assert "Balanced" in lines[1]
        assert lines[1].endswith("| -1.0 ± 0.0 (2) | -1.0 ± 0.0 (2) |")
        assert len(lines) == 2


def test_committed_results_can_be_read(benchmark_module: Any) -> None:
    results = benchmark_module("accuracy.results")
    n_lines = len(results.RESULTS.read_text(encoding="utf8").splitlines())
    assert n_lines / 2 < len(results.load_results()) <= n_lines
