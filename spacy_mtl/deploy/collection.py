"""Collections of texts in files, read in batches.

A shard is a file of rows (Parquet or JSON lines), or a thousand files of one text each. It is the
unit that is written as a whole: what an interrupted run has finished isn't done again.
"""

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

Row = Dict[str, Any]
#: The number of text files of a shard, and of rows that are read at a time.
FILES_A_SHARD, ROWS_A_BATCH = 1000, 256
#: By the ending of files, how rows are read and written.
PARQUET, LINES, TEXT = ".parquet", ".jsonl", ".txt"
ENDINGS = (PARQUET, LINES, TEXT)


class CollectionError(ValueError):
    """A collection that can't be read or written."""


class Unreadable(NamedTuple):
    """Stands for a text that can't be read.

    reason (str): Why.
    """

    reason: str


@dataclass(frozen=True)
class Shard:
    """A part of a collection.

    name (str): Its name, without an ending.
    paths (Tuple[Path, ...]): Its files.
    ending (str): Their ending: one of `ENDINGS`.
    root (Path): The folder of the collection.
    """

    name: str
    paths: Tuple[Path, ...]
    ending: str
    root: Path

    def names(self) -> List[str]:
        """RETURNS (List[str]): The paths of the files in the collection, with slashes."""
        return [path.relative_to(self.root).as_posix() for path in self.paths]

    def digest(self) -> str:
        """RETURNS (str): A digest of the names and sizes of the files."""
        found = [(name, path.stat().st_size) for name, path in zip(self.names(), self.paths)]
        return hashlib.sha256(json.dumps(found).encode("utf8", "surrogateescape")).hexdigest()

    def columns(self) -> List[str]:
        """Look at the columns, without reading more than the first rows.

        RETURNS (List[str]): The names. Empty without rows.
        RAISES (CollectionError): If the file, or its first rows, can't be read.
        """
        if self.ending == PARQUET:
            with self._told():
                return _columns_of(self.paths[0])
        return list(dict.fromkeys(name for row in next(self.batches(), []) for name in row))

    def batches(self) -> Iterator[List[Row]]:
        """Read the rows.

        YIELDS (List[Dict[str, Any]]): Some rows, at most `ROWS_A_BATCH`.
        RAISES (CollectionError): If a file can't be read.
        """
        with self._told():
            if self.ending == TEXT:
                yield from _read_texts(self.paths, self.names())
            elif self.ending == PARQUET:
                yield from _read_parquet(self.paths)
            else:
                yield from _read_lines(self.paths)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except CollectionError:
            raise
        # Readers of damaged files raise anything.
        except Exception as err:
            where = self.paths[0] if len(self.paths) == 1 else f"a file of shard '{self.name}'"
            raise CollectionError(
                f"{where} can't be read as {self.ending}: {type(err).__name__}: {err}. Fix or "
                "remove it. What was finished before is kept."
            ) from err


def files_of(path: Path) -> Dict[str, List[Path]]:
    """Find the files of a collection.

    path (Path): A file, or a folder of files, which may be in folders. What begins with "." or "_"
        is left out, as by Hadoop and Spark, which write such files beside the data.
    RETURNS (Dict[str, List[Path]]): The files by ending, in lower case, sorted.
    RAISES (CollectionError): If there is no such file or folder.
    """
    if path.is_file():
        return {path.suffix.lower(): [path]}
    if not path.is_dir():
        raise CollectionError(f"There is no collection '{path}'. Name a file or a folder.")
    found: Dict[str, List[Path]] = {}
    for file in sorted(path.rglob("*")):
        if file.is_file() and not is_hidden(file, path):
            found.setdefault(file.suffix.lower(), []).append(file)
    return found


def is_hidden(path: Path, root: Path) -> bool:
    """RETURNS (bool): Whether a file or folder is left out of a collection."""
    return any(part.startswith((".", "_")) for part in path.relative_to(root).parts)


def find_shards(path: Path, by_ending: Optional[Dict[str, List[Path]]] = None) -> List[Shard]:
    """Find the shards of a collection.

    path (Path): A file, or a folder of files with the same ending, which may be in folders.
    by_ending (Optional[Dict[str, List[Path]]]): What `files_of` has found there. None to look.
    RETURNS (List[Shard]): The shards, by name.
    RAISES (CollectionError): If there is none, files have several of `ENDINGS`, or two would be
        written to the same file.
    """
    found = files_of(path) if by_ending is None else by_ending
    known = {ending: files for ending, files in found.items() if ending in ENDINGS}
    if len(known) != 1:
        seen = ", ".join(sorted(found)) or "nothing"
        raise CollectionError(
            f"'{path}' has {seen}, but must have files that all end in one of: "
            f"{', '.join(ENDINGS)}."
        )
    ((ending, files),) = known.items()
    root = path if path.is_dir() else path.parent
    if ending == TEXT:
        starts = range(0, len(files), FILES_A_SHARD)
        groups = [tuple(files[start : start + FILES_A_SHARD]) for start in starts]
        return [Shard(f"texts-{i:05}", group, ending, root) for i, group in enumerate(groups)]
    by_name: Dict[str, Path] = {}
    for file in files:
        name = _name(file, root)
        if name in by_name:
            raise CollectionError(
                f"'{by_name[name]}' and '{file}' would both be written to a file '{name}'. Rename "
                "one of them."
            )
        by_name[name] = file
    return [Shard(name, (file,), ending, root) for name, file in by_name.items()]


def _name(file: Path, root: Path) -> str:
    return "__".join(file.relative_to(root).with_suffix("").parts)


def _read_parquet(paths: Sequence[Path]) -> Iterator[List[Row]]:
    import pyarrow.parquet

    for path in paths:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS_A_BATCH):
                yield batch.to_pylist()


def _columns_of(path: Path) -> List[str]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        return list(file.schema_arrow.names) if file.metadata.num_rows else []


def _read_lines(paths: Sequence[Path]) -> Iterator[List[Row]]:
    rows: List[Row] = []
    for path in paths:
        with path.open(encoding="utf8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                row = _row_of(line, path, number)
                rows.append(row)
                if len(rows) == ROWS_A_BATCH:
                    yield rows
                    rows = []
    if rows:
        yield rows


def _row_of(line: str, path: Path, number: int) -> Row:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as err:
        raise CollectionError(f"{path}, line {number}, is no JSON: {err}. Fix that line.") from err
    if not isinstance(row, dict):
        raise CollectionError(
            f'{path}, line {number}, is no JSON object, such as {{"text": "Anna reads."}}.'
        )
    return row


def _read_texts(paths: Sequence[Path], names: Sequence[str]) -> Iterator[List[Row]]:
    for start in range(0, len(paths), ROWS_A_BATCH):
        some = slice(start, start + ROWS_A_BATCH)
        yield [{"file": n, "text": _text_of(path)} for n, path in zip(names[some], paths[some])]


def _text_of(path: Path) -> Any:
    """RETURNS (Union[str, Unreadable]): The text. One that can't be read is not the end."""
    try:
        return path.read_text(encoding="utf8")
    except (OSError, UnicodeDecodeError) as err:
        return Unreadable(f"The file can't be read as UTF-8 text: {err}")
