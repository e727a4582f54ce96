"""Run trainings in parallel processes, and the command-line options for that."""

import argparse
import time
from pathlib import Path
from typing import Any, Dict, Optional

from spacy_mtl.comparison.processes import Command, Ended, Processes

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
    started = time.monotonic()
    longest = 0.0

    def may_start(command: Command) -> bool:
        if hours is None or time.monotonic() - started + longest <= 3600 * hours:
            return True
        print(command.name, "not started: the time is up", flush=True)
        return False

    def note(ended: Ended) -> None:
        nonlocal longest
        longest = max(longest, ended.seconds)
        failed = f"FAILED: {ended.command.log}"
        result = failed if ended.status else f"done in {ended.seconds:.0f} s"
        print(ended.command.name, result, flush=True)

    commands = [
        Command(name, ["-m", module, "one", spec, encoder, str(work)], work / f"{name}.log")
        for name, spec in specs.items()
    ]
    for command in commands:
        command.log.unlink(missing_ok=True)
    Processes(jobs, folder=ROOT).run(commands, note, may_start=may_start, go_on=True)


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
