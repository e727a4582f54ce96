"""Run commands in processes, several at a time, and end them with this process."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from ..cores import threads_each
from ..interrupts import interrupted_by_terminate

_POLL = 0.1
#: How long a process may take to end before it is killed, in seconds.
_PATIENCE = 10.0


@dataclass(frozen=True)
class Command:
    """A command to run.

    name (str): Its name.
    args (List[str]): The arguments of Python.
    log (Path): The file for what it prints. It is added to.
    """

    name: str
    args: List[str]
    log: Path


@dataclass(frozen=True)
class Ended:
    """A command that has ended.

    command (Command): The command.
    status (int): Its exit status; below 0 for a signal.
    processor_seconds (Optional[float]): The processor time it took, with its own processes. None
        where the system doesn't tell.
    seconds (float): The time on the clock.
    """

    command: Command
    status: int
    processor_seconds: Optional[float]
    seconds: float


class Processes:
    """Commands that run at a time, each in a process group of its own."""

    def __init__(self, jobs: int, folder: Optional[Path] = None) -> None:
        """Prepare to run commands.

        jobs (int): How many at a time. They share the cores, unless OMP_NUM_THREADS is set.
        folder (Optional[Path]): The folder to run them in. None for this process's own.
        """
        self._jobs = jobs
        self._folder = folder
        share = str(threads_each(jobs))
        self._environ = {"OMP_NUM_THREADS": share, **os.environ, "TOKENIZERS_PARALLELISM": "false"}
        self._running: Dict[Any, Any] = {}

    def run(
        self,
        commands: Sequence[Command],
        when_ended: Callable[[Ended], None],
        *,
        may_start: Callable[[Command], bool] = lambda command: True,
        go_on: bool = False,
    ) -> List[Ended]:
        """Run commands until all have ended or one has failed.

        commands (Sequence[Command]): The commands.
        when_ended (Callable[[Ended], None]): Called as each ends.
        may_start (Callable[[Command], bool]): Asked before each is started. If not, it is left out.
        go_on (bool): Whether others are started once one has failed.
        RETURNS (List[Ended]): Those that failed.
        RAISES (KeyboardInterrupt): If this process is interrupted or terminated: the commands have
            ended by then.
        """
        todo = list(commands)[::-1]
        failed: List[Ended] = []
        with interrupted_by_terminate():
            try:
                while self._running or (todo and (go_on or not failed)):
                    has_room = len(self._running) < self._jobs
                    if todo and has_room and (go_on or not failed):
                        command = todo.pop()
                        if may_start(command):
                            self._start(command)
                        continue
                    for ended in self._collect():
                        when_ended(ended)
                        failed += [ended] if ended.status else []
                    time.sleep(_POLL)
            finally:
                for ended in self._end_all():
                    when_ended(ended)
        return failed

    def _start(self, command: Command) -> None:
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("a", encoding="utf8") as log:
            process = subprocess.Popen(
                [sys.executable, *command.args],
                env=self._environ,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for this process, which then ends the others.
                start_new_session=True,
            )
        self._running[process] = (command, time.monotonic())

    def _collect(self) -> Iterator[Ended]:
        for process, (command, started) in list(self._running.items()):
            status, processor = _poll(process)
            if status is not None:
                del self._running[process]
                yield Ended(command, status, processor, time.monotonic() - started)

    def _end_all(self) -> Iterator[Ended]:
        for process in self._running:
            # A training then saves nothing: it resumes from its last checkpoint.
            _signal(process, signal.SIGINT)
        latest = time.monotonic() + _PATIENCE
        while self._running:
            if time.monotonic() > latest:
                for process in self._running:
                    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
            yield from self._collect()
            time.sleep(_POLL)


def _poll(process: Any) -> Any:
    """RETURNS (Tuple[Optional[int], Optional[float]]): Exit status and processor time, if ended."""
    if not hasattr(os, "wait4"):
        return process.poll(), None
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if not pid:
        return None, None
    # The process is gone: subprocess must not wait for it.
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def _signal(process: Any, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.terminate()
