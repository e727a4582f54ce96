"""Runs in parallel processes, within a time."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, List, Optional

import pytest

from spacy_mtl.comparison import processes
from spacy_mtl.comparison.processes import Command, Ended

#: A module that is started as one, with a spec. It writes the number of its threads to a file.
MODULE = """
import os, pathlib, sys
command, spec, encoder, work = sys.argv[1:]
assert (command, encoder) == ("one", "encoder")
pathlib.Path(work, spec).write_text(os.environ["OMP_NUM_THREADS"])
print("trained", spec)
sys.exit(spec == "second")
"""


class Sequence:
    """Stands for processes that take half an hour each, of which the second one fails."""

    def __init__(self, clock: List[float], started: List[str]) -> None:
        self.clock, self.started = clock, started

    def run(
        self,
        commands: List[Command],
        when_ended: Callable[[Ended], None],
        *,
        may_start: Callable[[Command], bool],
        go_on: bool,
    ) -> None:
        assert go_on
        for command in commands:
            if may_start(command):
                self.started.append(command.args[3])
                self.clock[0] += 1800
                when_ended(Ended(command, int(command.name == "second"), None, 1800.0))


def test_no_run_starts_that_would_exceed_the_time(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    side_by_side = benchmark_module("side_by_side")
    clock = [0.0]
    started: List[str] = []
    monkeypatch.setattr(side_by_side, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(side_by_side, "Processes", lambda *_, **__: Sequence(clock, started))
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
    capsys: Any,
) -> None:
    """One that fails doesn't keep others from running. Each has a log, not added to an old one."""
    side_by_side = benchmark_module("side_by_side")
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "trained_by_tests.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"), prepend=os.pathsep)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if set_to is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", set_to)
    monkeypatch.setattr(processes.os, "sched_getaffinity", lambda pid: range(6))
    (tmp_path / "third.log").write_text("of an earlier run\n")
    specs = {name: name for name in ("first", "second", "third")}
    side_by_side.run_side_by_side("trained_by_tests", specs, "encoder", tmp_path, 2)
    assert [(tmp_path / name).read_text() for name in specs] == [threads] * 3
    assert (tmp_path / "third.log").read_text() == "trained third\n"
    printed = sorted(capsys.readouterr().out.splitlines())
    assert [line.split(" in ")[0] for line in printed] == [
        "first done",
        f"second FAILED: {tmp_path / 'second.log'}",
        "third done",
    ]
