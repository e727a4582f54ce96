"""Run trainings in parallel processes, and the command-line options for that."""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, Optional

from .places import ROOT, WORK


def run_side_by_side(
    module: str,
    specs: Dict[str, str],
    encoder: str,
    work: Path,
    jobs: int,
    hours: Optional[float] = None,
) -> None:
    """Start each run as `python -m MODULE one SPEC ENCODER WORK`, `jobs` at a time.

    The cores are shared out between them, unless OMP_NUM_THREADS says how many threads each has:
    so that several commands can run at a time.

    module (str): The module.
    specs (Dict[str, str]): The spec of each run by name, for the module to read.
    encoder (str): Folder or hub name.
    work (Path): Folder for logs, corpora and models.
    jobs (int): The number of processes at a time.
    hours (Optional[float]): The time for all of them. No run starts that would exceed it if it
        took as long as the longest so far.
    """
    share = str(max(1, (os.cpu_count() or 1) // jobs))
    environ = {"OMP_NUM_THREADS": share, **os.environ, "TOKENIZERS_PARALLELISM": "false"}

    started = time.monotonic()
    longest = 0.0

    def work_on(name: str) -> None:
        nonlocal longest
        begun = time.monotonic()
        if hours is not None and begun - started + longest > 3600 * hours:
            print(name, "not started: the time is up", flush=True)
            return
        command = [sys.executable, "-m", module, "one", specs[name], encoder, str(work)]
        with (work / f"{name}.log").open("w") as log:
            done = subprocess.run(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        seconds = time.monotonic() - begun
        longest = max(longest, seconds)
        result = f"done in {seconds:.0f} s" if done.returncode == 0 else f"FAILED: {log.name}"
        print(name, result, flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(work_on, specs))


def add_run_options(run: argparse.ArgumentParser) -> None:
    """Add the options of a benchmark's command "run": see `run_side_by_side`."""
    run.add_argument("--encoder", default=None)
    run.add_argument("--work", type=Path, default=WORK)
    run.add_argument("--jobs", type=int, default=2, help="parallel runs")


def add_one(commands: Any) -> None:
    """Add the command that `run_side_by_side` starts."""
    one = commands.add_parser("one", help="(used by run)")
    one.add_argument("spec")
    one.add_argument("encoder")
    one.add_argument("work", type=Path)
