"""The plot of the speeds."""

from pathlib import Path
from typing import Any

import pytest


def test_plot_of_the_last_measurements(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plot, timing = benchmark_module("speed.plot"), benchmark_module("timing")
    monkeypatch.setattr(timing, "RESULTS", tmp_path / "speed.jsonl")
    monkeypatch.setattr(timing, "machine", lambda: "another machine")
    timing.report("before", {"bare": [1.0], "ours": [2.0]}, 100)
    monkeypatch.undo()
    monkeypatch.setattr(timing, "RESULTS", tmp_path / "speed.jsonl")
    for seconds in ({"bare": [9.0], "ours": [9.0]}, {"bare": [1.0, 2.0], "ours": [2.0, 3.0]}):
        timing.report("title", seconds, 100)
    timing.report("other", {"bare": [1.0], "ours": [2.0]}, 100)
    timing.keep({"title": "length", "seconds": 1.0})
    timing.keep({"title": "sharing", "seconds": {"training": {"HardSharing": [1.0]}}})
    rows = plot.newest_rows()
    assert list(rows) == ["title", "other"]
    assert rows["title"]["seconds"]["bare"] == [1.0, 2.0]
    plot.plot(tmp_path / "speed.svg")
    assert "<svg" in (tmp_path / "speed.svg").read_text()
