"""The log of a training in a file: JSON lines, one for each evaluation."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Dict, Optional, Sequence

from .monitor import Reading

_ABSENT = {"n_steps": 0, "loss": None, "weight": None, "norm": None}


def open_log(path: Path) -> IO[str]:
    """Open a new log, in a folder that is made if it is missing.

    An earlier log is left as it is: where there is a "log.jsonl", the new one is
    "log.1.jsonl", or the next number that is free.

    path (Path): Where it is to be.
    RETURNS (IO[str]): The open file, whose `name` says where it is.
    RAISES (ValueError): If the path is a folder, or below a file.
    """
    path = path.expanduser()
    above = next((folder for folder in path.parents if folder.exists()), path)
    if above.is_file():
        raise ValueError(
            f"'output_file' in [training.logger] is '{path}', but '{above}' is a file. Name "
            "another place."
        )
    if path.is_dir():
        raise ValueError(
            f"'output_file' in [training.logger] is '{path}', which is a folder. Name a file in "
            "it, such as log.jsonl."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    name, n = path, 0
    while True:
        try:
            # Made only if it is not there: another training may look for a name, too.
            return name.open("x", encoding="utf8")
        except FileExistsError:
            n += 1
            name = path.with_name(f"{path.stem}.{n}{path.suffix}")


def write_line(
    file: IO[str], tasks: Sequence[str], info: Optional[Dict[str, Any]], reading: Reading
) -> None:
    """Write a line if there was an evaluation, and flush it. What is no finite number is null.

    file (IO[str]): An open log.
    tasks (Sequence[str]): The tasks, to be named even if they were never present.
    info (Optional[Dict[str, Any]]): What spaCy's training loop tells of the step; None
        if there was no evaluation.
    reading (Reading): The joint steps since the last line.
    """
    if info is None:
        return
    by_task = {task: dict(_ABSENT) for task in tasks}
    by_task.update({task: asdict(means) for task, means in reading.tasks.items()})
    pairs = [{"tasks": list(pair), **asdict(means)} for pair, means in reading.pairs.items()]
    keys = ("epoch", "step", "score", "other_scores", "losses", "seconds", "words")
    line = {**{key: info.get(key) for key in keys}, "tasks": by_task, "cosines": pairs}
    text = json.dumps(_plain(line), ensure_ascii=False, allow_nan=False)
    file.write(text + "\n")
    file.flush()


def _plain(value: Any) -> Any:
    """What JSON has for a value: scores may be numbers of numpy, or of any other kind."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (str, int)):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
