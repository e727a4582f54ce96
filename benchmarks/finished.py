"""Finished runs: lines of a file, valid only for the settings they were made with."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, TypeVar

Run = TypeVar("Run")
#: A line of the file.
Row = Dict[str, Any]


def load_finished(
    path: Path, make_run: Callable[[Row], Run], settings_of: Callable[[Run], Dict[str, Any]]
) -> Dict[Run, Row]:
    """Read the runs with valid results. Runs whose settings have changed since are skipped.

    path (Path): The JSONL file, which may be missing.
    make_run (Callable): Makes a run from a row.
    settings_of (Callable): Returns the current settings that affect a run's scores.
    RETURNS (Dict[Run, Dict[str, Any]]): The last row of each run.
    """
    found: Dict[Run, Row] = {}
    lines = path.read_text(encoding="utf8").splitlines() if path.exists() else []
    for row in map(json.loads, lines):
        run = make_run(row)
        # JSON turns tuples into lists.
        if row["settings"] == json.loads(json.dumps(settings_of(run))):
            found[run] = row
    return found


def add_finished(path: Path, row: Row) -> None:
    """Add a finished run.

    path (Path): The file.
    row (Dict[str, Any]): The results of the run, with its "settings".
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf8") as file:
        file.write(json.dumps(row) + "\n")
