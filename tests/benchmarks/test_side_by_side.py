"""Runs in parallel processes, within a time."""

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Optional

import pytest


def test_no_run_starts_that_would_exceed_the_time(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    side_by_side = benchmark_module("side_by_side")
    clock = [0.0]
    started: List[str] = []

    def run(command: List[str], **settings: Any) -> Any:
        started.append(command[4])
        clock[0] += 1800
        return SimpleNamespace(returncode=int(command[4] == "second"))

    monkeypatch.setattr(side_by_side, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(subprocess, "run", run)
    specs = {name: name for name in ("first", "second", "third", "fourth")}
    side_by_side.run_side_by_side("module", specs, "encoder", tmp_path, 1, hours=1.6)
    assert started == ["first", "second", "third"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "first done in 1800 s"
    assert lines[1] == f"second FAILED: {tmp_path / 'second.log'}"
    assert lines[3] == "fourth not started: the time is up"


@pytest.mark.parametrize(("set_to", "threads"), [(None, "3"), ("1", "1")])
def test_runs_share_the_cores_unless_told(
    set_to: Optional[str],
    threads: str,
    benchmark_module: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    side_by_side = benchmark_module("side_by_side")
    found: List[str] = []

    def run(command: List[str], *, env: Dict[str, str], **settings: Any) -> Any:
        found.append(env["OMP_NUM_THREADS"])
        return SimpleNamespace(returncode=0)

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if set_to is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", set_to)
    monkeypatch.setattr(side_by_side.os, "cpu_count", lambda: 6)
    monkeypatch.setattr(subprocess, "run", run)
    side_by_side.run_side_by_side("module", {"first": ""}, "encoder", tmp_path, 2)
    assert found == [threads]
