"""Run trainings in parallel processes, and the command-line options for that."""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict

from .places import ROOT, WORK


def run_side_by_side(
    module: str, specs: Dict[str, str], encoder: str, work: Path, jobs: int
) -> None:
    """Start each run as `python -m MODULE one SPEC ENCODER WORK`, `jobs` at a time.

    module (str): The module.
    specs (Dict[str, str]): The spec of each run by name, for the module to read.
    encoder (str): Folder or hub name.
    work (Path): Folder for logs, corpora and models.
    jobs (int): The number of processes that share the cores.
    """
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    environ = {**os.environ, "OMP_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "false"}

    def work_on(name: str) -> None:
        command = [sys.executable, "-m", module, "one", specs[name], encoder, str(work)]
        with (work / f"{name}.log").open("w") as log:
            done = subprocess.run(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        print(name, "done" if done.returncode == 0 else f"FAILED: {log.name}", flush=True)

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
