"""Start commands of spaCy as users do, each in a session of its own like one in a terminal."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from python_path import python_path


def start(
    folder: Path, *arguments: str, ignores: bool = False, **environ: str
) -> "subprocess.Popen[str]":
    """Start Python in a folder, on one thread. What it prints comes by `communicate`.

    ignores: Whether it ignores Ctrl-C, as what a script starts in the background does.
    """
    on_interrupt = signal.SIG_IGN if ignores else signal.SIG_DFL
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": python_path(), "OMP_NUM_THREADS": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, on_interrupt),
    )


def result_of(process: "subprocess.Popen[str]") -> Any:
    """The exit status, and what was printed."""
    output, _ = process.communicate(timeout=280)
    return process.returncode, output
