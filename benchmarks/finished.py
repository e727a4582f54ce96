"""Finished runs: lines of a file, which count for the settings that they were made with."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, TypeVar

Run = TypeVar("Run")
#: A line of the file.
Row = Dict[str, Any]


def load_finished(
    path: Path, make_run: Callable[[Row], Run], settings_of: Callable[[Run], Dict[str, Any]]
) -> Dict[Run, Row]:
    """Read the runs that have a result. The others' settings have changed since.

    path (Path): The file, of JSON lines. It may be missing.
    make_run (Callable): Makes a run of a row.
    settings_of (Callable): Says what decides the scores of a run today.
    RETURNS (Dict[Run, Dict[str, Any]]): By run, the last row of it.
    """
    found: Dict[Run, Row] = {}
    lines = path.read_text(encoding="utf8").splitlines() if path.exists() else []
    for row in map(json.loads, lines):
        run = make_run(row)
        # JSON makes lists of tuples.
        if row["settings"] == json.loads(json.dumps(settings_of(run))):
            found[run] = row
    return found


def add_finished(path: Path, row: Row) -> None:
    """Add a finished run.

    path (Path): The file.
    row (Dict[str, Any]): What there is to say of the run, with its "settings".
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf8") as file:
        file.write(json.dumps(row) + "\n")
