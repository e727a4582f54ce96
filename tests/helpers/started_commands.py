"""Start commands of spaCy as users do, each in a session of its own like one in a terminal."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from python_path import python_path


def start(folder: Path, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
    """Start Python in a folder, on one thread. What it prints comes by `communicate`."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": python_path(), "OMP_NUM_THREADS": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def result_of(process: "subprocess.Popen[str]") -> Any:
    """The exit status, and what was printed."""
    output, _ = process.communicate(timeout=280)
    return process.returncode, output
