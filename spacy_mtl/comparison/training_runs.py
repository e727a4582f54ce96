"""Train the runs of a comparison that aren't done yet."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence

from spacy.training.loop import DIR_MODEL_LAST

from ..atomic_files import write_files
from ..train.checkpoint import find_latest
from .processes import Command, Ended, Processes
from .setups import Run

_RECORD = "run.json"


def is_done(run: Run) -> bool:
    """RETURNS (bool): Whether a run has been trained to its end."""
    return bool(read_record(run).get("is_done"))


def read_record(run: Run) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What is known about a run: "is_done", "processor_seconds"."""
    path = run.output / _RECORD
    found: Dict[str, Any] = json.loads(path.read_text(encoding="utf8")) if path.exists() else {}
    return found


def write_record(run: Run, record: Dict[str, Any]) -> None:
    """Write what is known about a run.

    run (Run): The run.
    record (Dict[str, Any]): What `read_record` is to return.
    """
    write_files({run.output / _RECORD: (json.dumps(record) + "\n").encode("utf8")})


def train_all(
    runs: Sequence[Run],
    *,
    jobs: int,
    code: Optional[Path] = None,
    use_gpu: int = -1,
    differ: bool = False,
    when_ended: Callable[[Run], Any] = lambda run: None,
) -> None:
    """Train all runs that aren't done, each by `spacy mtl train` in a process of its own.

    runs (Sequence[Run]): The runs. Their configs are written.
    jobs (int): How many at a time.
    code (Optional[Path]): A user's file with functions used in the config.
    use_gpu (int): The GPU ID, or -1.
    differ (bool): Whether interrupted runs may resume under other conditions.
    when_ended (Callable[[Run], Any]): Called as each run is done.
    RAISES (RuntimeError): If a run fails.
    """
    todo = {run.name: run for run in runs if not is_done(run)}

    def note(ended: Ended) -> None:
        run = todo[ended.command.name]
        _note_ended(run, ended)
        if not ended.status:
            when_ended(run)

    commands = [_command(run, code, use_gpu, differ) for run in todo.values()]
    failed = Processes(jobs).run(commands, note)
    if failed:
        log = failed[0].command.log
        last = log.read_text(encoding="utf8", errors="replace").strip().splitlines()[-12:]
        raise RuntimeError(
            f"The training '{failed[0].command.name}' failed with exit status {failed[0].status}. "
            f"{log} ends with:\n" + "\n".join(last)
        )


def _command(run: Run, code: Optional[Path], use_gpu: int, differ: bool) -> Command:
    args = ["-m", "spacy", "mtl", "train", str(run.config), "--output", str(run.output)]
    args += ["--gpu-id", str(use_gpu)]
    args += ["--code", str(code)] if code is not None else []
    if find_latest(run.output) is not None:
        args += ["--resume", "--differ"] if differ else ["--resume"]
    return Command(run.name, args, run.output / "output.txt")


def _note_ended(run: Run, ended: Ended) -> None:
    before = read_record(run).get("processor_seconds", 0.0)
    more = ended.processor_seconds
    record = {
        "is_done": ended.status == 0 and (run.output / DIR_MODEL_LAST).is_dir(),
        # An interrupted training repeats the steps after its last checkpoint: they count, too.
        "processor_seconds": None if more is None or before is None else before + more,
    }
    write_record(run, record)
