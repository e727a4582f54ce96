"""Log a training to a JSON lines file, with one line per evaluation."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Callable, Dict, List, Optional, Sequence

from ..types import StructureTable
from .json_types import to_json_types
from .monitor import Reading
from .structure import structure_json

_ABSENT = {"n_steps": 0, "loss": None, "weight": None, "norm": None}


def open_log(path: Path) -> IO[str]:
    """Open a new log, and create its folder if needed.

    Earlier logs are kept: if "log.jsonl" exists, the new log is "log.1.jsonl", or the
    next free number.

    path (Path): The requested path.
    RETURNS (IO[str]): The open file. Its `name` is the actual path.
    RAISES (ValueError): If the path is a folder, or below a file.
    """
    path = path.expanduser()
    above = next((folder for folder in path.parents if folder.exists()), path)
    if above.is_file():
        raise ValueError(
            f"'output_file' in [training.logger] is '{path}', but '{above}' is a file. Choose "
            "another path."
        )
    if path.is_dir():
        raise ValueError(
            f"'output_file' in [training.logger] is '{path}', which is a folder. Set a file in "
            "it, such as log.jsonl."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    name, n = path, 0
    while True:
        try:
            # Exclusive creation, because another training may pick a name at the same time.
            return name.open("x", encoding="utf8")
        except FileExistsError:
            n += 1
            name = path.with_name(f"{path.stem}.{n}{path.suffix}")


def write_line(
    file: IO[str],
    tasks: Sequence[str],
    info: Optional[Dict[str, Any]],
    reading: Reading,
    structure: Callable[[], List[StructureTable]] = list,
) -> None:
    """Write and flush a line after an evaluation. Numbers that aren't finite become null.

    file (IO[str]): An open log.
    tasks (Sequence[str]): The tasks, which are listed even if they were never present.
    info (Optional[Dict[str, Any]]): Information from spaCy's training loop; None if there
        was no evaluation.
    reading (Reading): The joint steps since the last line.
    structure (Callable[[], List[StructureTable]]): Returns what the sharing scheme has learned.
    """
    if info is None:
        return
    by_task = {task: dict(_ABSENT) for task in tasks}
    by_task.update({task: asdict(means) for task, means in reading.tasks.items()})
    pairs = [{"tasks": list(pair), **asdict(means)} for pair, means in reading.pairs.items()]
    keys = ("epoch", "step", "score", "other_scores", "losses", "seconds", "words")
    line = {
        **{key: info.get(key) for key in keys},
        "tasks": by_task,
        "cosines": pairs,
        "corpora": reading.corpora,
        "auxiliary": {name: asdict(means) for name, means in reading.auxiliary.items()},
        "sharing": structure_json(structure()),
    }
    text = json.dumps(to_json_types(line), ensure_ascii=False, allow_nan=False)
    file.write(text + "\n")
    file.flush()
