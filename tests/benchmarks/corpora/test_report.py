"""The tables of several corpora."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest


def test_tables_of_several_corpora(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    """Results only count for the current settings."""
    runs, results = (benchmark_module(f"corpora.{name}") for name in ("runs", "results"))
    monkeypatch.setattr(results, "RESULTS", tmp_path / "corpora.jsonl")
    for run in runs.all_runs():
        if run.system in ("alone", "Proportional"):
            settings = {**runs.settings_of(run), **({"epochs": 99} if run.seed else {})}
            scores = {task: 50.0 + len(run.tasks) for task in run.tasks}
            row = {**asdict(run), "settings": settings, "steps": 7, "scores": scores}
            results.add_result(row)
    benchmark_module("corpora.report").report()
    found = capsys.readouterr().out
    assert "| alone | 14 | 51.0 (51.0–51.0; 1) | 51.0 (51.0–51.0; 1) |" in found
    assert "| Proportional | 7 | 53.0 (53.0–53.0; 1) |" in found
