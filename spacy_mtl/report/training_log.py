"""Read the log of a training, as `spacy_mtl.ConsoleLogger.v1` writes it."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

from ..types import StructureTable
from .monitor import AuxiliaryMeans, PairMeans, TaskMeans

#: What every line has.
_REQUIRED = ("step", "losses")


class LogError(ValueError):
    """A log that isn't there, or can't be read."""


@dataclass(frozen=True)
class LogRow:
    """An evaluation during a training. Means are over the joint steps since the row before.

    step (int): The number of optimizer steps so far.
    epoch (Optional[int]): The number of completed epochs; None if the corpus is a stream.
    score (Optional[float]): The weighted score; None if it wasn't finite.
    scores (Dict[str, float]): The scores by key, without tables such as "ents_per_type".
    losses (Dict[str, float]): spaCy's sums of losses by component.
    seconds (Optional[float]): The seconds since the training began.
    words (Optional[int]): The number of words seen so far.
    tasks (Dict[str, TaskMeans]): By task, excluding those never present. Values that weren't
        finite are NaN.
    cosines (Dict[Tuple[str, str], PairMeans]): By pair of tasks, excluding those never present
        together.
    corpora (Dict[str, float]): The number of batches from each corpus of
        `spacy_mtl.MultiCorpus.v1`; mixed batches count by their shares.
    auxiliary (Dict[str, AuxiliaryMeans]): The sharing scheme's own losses.
    sharing (List[StructureTable]): What the sharing scheme has learned.
    """

    step: int
    epoch: Optional[int]
    score: Optional[float]
    scores: Dict[str, float]
    losses: Dict[str, float]
    seconds: Optional[float]
    words: Optional[int]
    tasks: Dict[str, TaskMeans]
    cosines: Dict[Tuple[str, str], PairMeans]
    corpora: Dict[str, float]
    auxiliary: Dict[str, AuxiliaryMeans]
    sharing: List[StructureTable]


def read_log(path: Union[str, Path]) -> List[LogRow]:
    """Read a training log.

    An unfinished last line, as of a training that was killed, is left out. Where a resumed
    training repeats steps, the rows that it repeats are left out.

    path (Union[str, Path]): A file, or the folder of a training: all logs in it are read, so that
        the whole of an interrupted training is seen.
    RETURNS (List[LogRow]): The rows, with increasing steps. Empty if there was no evaluation yet.
    RAISES (LogError): If there is no log, or something else in the file.
    """
    path = Path(path)
    if path.is_dir():
        files = find_logs(path)
        if not files:
            raise LogError(
                f"There is no training log in '{path}'. Set output_file = \"{path}/log.jsonl\" in "
                "[training.logger], with @loggers = spacy_mtl.ConsoleLogger.v1, and train again."
            )
    elif path.is_file():
        files = [path]
    else:
        raise LogError(f"There is no file or folder '{path}'.")
    rows: List[LogRow] = []
    for file in files:
        for row in _read_file(file):
            while rows and rows[-1].step >= row.step:
                rows.pop()
            rows.append(row)
    return rows


def find_logs(folder: Path) -> List[Path]:
    """Find the logs of a training.

    folder (Path): The folder.
    RETURNS (List[Path]): The files, oldest first: "log.jsonl", "log.1.jsonl" and so on.
    """
    files = sorted(folder.glob("*.jsonl"), key=lambda path: (_number(path), path.name))
    return [path for path in files if path.is_file() and _is_log(path)]


def _number(path: Path) -> int:
    """The number that `open_log` has given to a file: 0 for the first."""
    parts = path.stem.rsplit(".", 1)
    return int(parts[1]) if len(parts) == 2 and parts[1].isdecimal() else 0


def _is_log(path: Path) -> bool:
    with path.open(encoding="utf8", errors="replace") as file:
        first = _parse(file.readline())
    # An empty file is the log of a training that has just begun.
    return _is_row(first) or not path.stat().st_size


def _parse(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _is_row(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(key in value for key in _REQUIRED)
        and isinstance(value["step"], int)
    )


def _read_file(path: Path) -> Iterable[LogRow]:
    try:
        lines = path.read_text(encoding="utf8", errors="replace").splitlines()
    except OSError as err:
        raise LogError(f"The log '{path}' can't be read: {err}") from err
    for i, line in enumerate(lines, 1):
        if not line.strip():
            continue
        value = _parse(line)
        if value is None and i == len(lines) > 1:
            continue
        if not _is_row(value):
            raise LogError(
                f"Line {i} of '{path}' is not from a training log: {line[:60]!r}. Name a file that "
                "spacy_mtl.ConsoleLogger.v1 has written, or remove the line."
            )
        try:
            yield _row(value)
        except (TypeError, ValueError, KeyError, AttributeError) as err:
            raise LogError(f"Line {i} of '{path}' is damaged ({err}). Remove it.") from err


def _row(line: Dict[str, Any]) -> LogRow:
    # spaCy's own logger calls the scores differently, and has neither tasks nor cosines.
    scores = line.get("other_scores") or line.get("scores") or {}
    return LogRow(
        step=line["step"],
        epoch=line.get("epoch"),
        score=line.get("score"),
        scores=_numbers(scores),
        losses=_numbers(line["losses"]),
        seconds=line.get("seconds"),
        words=line.get("words"),
        tasks={
            task: TaskMeans(means["n_steps"], *_finite(means, "loss", "weight", "norm"))
            for task, means in line.get("tasks", {}).items()
            if means["n_steps"]
        },
        cosines={
            (pair["tasks"][0], pair["tasks"][1]): PairMeans(
                pair["n_steps"], *_finite(pair, "cosine")
            )
            for pair in line.get("cosines", [])
        },
        corpora=_numbers(line.get("corpora", {})),
        auxiliary={
            name: AuxiliaryMeans(means["n_steps"], *_finite(means, "loss"))
            for name, means in line.get("auxiliary", {}).items()
        },
        sharing=[_table(table) for table in line.get("sharing", [])],
    )


def _numbers(values: Dict[str, Any]) -> Dict[str, float]:
    return {
        str(key): float(value)
        for key, value in values.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _finite(means: Dict[str, Any], *keys: str) -> List[float]:
    return [math.nan if means[key] is None else float(means[key]) for key in keys]


def _table(table: Dict[str, Any]) -> StructureTable:
    values = [[math.nan if v is None else float(v) for v in row] for row in table["values"]]
    return StructureTable(**{**table, "values": values})
