"""Contestants that take turns."""

import json
from pathlib import Path
from typing import Any

import pytest


def test_timing_compares_within_a_turn(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    timing = benchmark_module("timing")
    monkeypatch.setattr(timing, "RESULTS", tmp_path / "speed.jsonl")
    order = []
    contestants = {name: lambda name=name: order.append(name) for name in ("bare", "ours")}
    seconds = timing.measure(contestants, 3)
    assert order == ["bare", "ours"] * 4
    assert [len(values) for values in seconds.values()] == [3, 3]
    order.clear()
    timing.measure(contestants, 2, alternate=True)
    assert order == ["bare", "ours", "ours", "bare", "bare", "ours"]
    # The machine is busy in the second turn.
    busy = {"bare": [1.0, 10.0], "ours": [2.0, 20.0]}
    assert timing.ratios(busy, "bare") == {"bare": [1.0, 1.0], "ours": [0.5, 0.5]}
    timing.report("title", busy, 100)
    assert json.loads(timing.RESULTS.read_text())["seconds"] == busy
