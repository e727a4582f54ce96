"""Commands in processes, several at a time, which end with this process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, List

import pytest

from spacy_mtl.comparison.processes import Command, Ended, Processes

#: Starts commands that never end, and says so once they run.
PARENT = """
import signal
import sys
from pathlib import Path
from spacy_mtl.comparison.processes import Command, Processes
# Processes that a shell starts in the background ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
folder = Path(sys.argv[1])
code = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(600)"
commands = [Command(str(i), ["-c", code], folder / f"{i}.txt") for i in range(3)]
try:
    Processes(2).run(commands, lambda ended: print("ended", ended.status, flush=True))
except KeyboardInterrupt:
    sys.exit(130)
"""


def command(name: str, code: str, folder: Path) -> Command:
    return Command(name, ["-c", code], folder / name / "output.txt")


def test_runs_all_and_tells_what_they_took(tmp_path: Path) -> None:
    ended: List[Ended] = []
    code = "import os; print(os.environ['OMP_NUM_THREADS']); sum(range(3_000_000))"
    commands = [command(str(i), code, tmp_path) for i in range(3)]
    assert Processes(2).run(commands, ended.append) == []
    assert sorted(each.command.name for each in ended) == ["0", "1", "2"]
    for each in ended:
        assert each.status == 0
        assert each.processor_seconds is not None
        assert each.processor_seconds > 0
        assert int(each.command.log.read_text()) >= 1


def test_a_failure_stops_the_others_from_starting(tmp_path: Path) -> None:
    ended: List[Ended] = []
    codes = ["pass", "print('why'); raise SystemExit(3)", "pass"]
    commands = [command(str(i), code, tmp_path) for i, code in enumerate(codes)]
    (failed,) = Processes(1).run(commands, ended.append)
    assert [each.command.name for each in ended] == ["0", "1"]
    assert failed.status == 3
    assert failed.command.log.read_text() == "why\n"


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_they_end_with_their_parent(number: int, tmp_path: Path) -> None:
    parent: Any = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    files = [tmp_path / "0.txt", tmp_path / "1.txt"]
    latest = time.monotonic() + 120
    while not all(file.exists() and file.read_text().strip() for file in files):
        assert time.monotonic() < latest
        time.sleep(0.05)
    pids = [int(file.read_text()) for file in files]
    parent.send_signal(number)
    printed, _ = parent.communicate(timeout=120)
    assert parent.returncode == 130
    assert printed.count("ended") == 2
    assert not any(map(is_running, pids))
    assert not (tmp_path / "2.txt").exists()
