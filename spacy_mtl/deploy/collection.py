"""Collections of texts in files: reading them in batches, and writing the annotated ones.

A shard is a file of rows (Parquet or JSON lines), or a thousand files of one text each. It is the
unit that is written as a whole: what an interrupted run has finished isn't done again.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Sequence, Tuple

from .fields import FIELDS, arrow_values

Row = Dict[str, Any]
#: The number of text files of a shard, and of rows that are read at a time.
FILES_A_SHARD, ROWS_A_BATCH = 1000, 256
#: By the ending of files, how rows are read and written.
PARQUET, LINES, TEXT = ".parquet", ".jsonl", ".txt"
ENDINGS = (PARQUET, LINES, TEXT)


class CollectionError(ValueError):
    """A collection that can't be read or written."""


@dataclass(frozen=True)
class Shard:
    """A part of a collection.

    name (str): Its name, without an ending.
    paths (Tuple[Path, ...]): Its files.
    ending (str): Their ending: one of `ENDINGS`.
    """

    name: str
    paths: Tuple[Path, ...]
    ending: str

    def batches(self) -> Iterator[List[Row]]:
        """Read the rows.

        YIELDS (List[Dict[str, Any]]): Some rows, at most `ROWS_A_BATCH`.
        RAISES (CollectionError): If a file can't be read.
        """
        read = {PARQUET: _read_parquet, LINES: _read_lines, TEXT: _read_texts}[self.ending]
        try:
            yield from read(self.paths)
        except CollectionError:
            raise
        # Readers of damaged files raise anything.
        except Exception as err:
            where = self.paths[0] if len(self.paths) == 1 else f"a file of shard '{self.name}'"
            raise CollectionError(
                f"{where} can't be read as {self.ending}: {type(err).__name__}: {err}. Fix or "
                "remove it. What was finished before is kept."
            ) from err


def find_shards(path: Path) -> List[Shard]:
    """Find the shards of a collection.

    path (Path): A file, or a folder of files with the same ending, which may be in folders.
    RETURNS (List[Shard]): The shards, by name.
    RAISES (CollectionError): If there is none, or files have several endings.
    """
    if path.is_file():
        found = {path.suffix.lower(): [path]}
    elif path.is_dir():
        found = {}
        for file in sorted(path.rglob("*")):
            hidden = any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
            if file.is_file() and not hidden:
                found.setdefault(file.suffix.lower(), []).append(file)
    else:
        raise CollectionError(f"There is no collection '{path}'. Name a file or a folder.")
    known = {ending: files for ending, files in found.items() if ending in ENDINGS}
    if len(known) != 1:
        seen = ", ".join(sorted(found)) or "nothing"
        raise CollectionError(
            f"'{path}' has {seen}, but must have files that all end in one of: "
            f"{', '.join(ENDINGS)}."
        )
    ((ending, files),) = known.items()
    if ending == TEXT:
        starts = range(0, len(files), FILES_A_SHARD)
        groups = [tuple(files[start : start + FILES_A_SHARD]) for start in starts]
        return [Shard(f"texts-{i:05}", group, ending) for i, group in enumerate(groups)]
    root = path if path.is_dir() else path.parent
    return [Shard(_name(file, root), (file,), ending) for file in files]


def _name(file: Path, root: Path) -> str:
    return "__".join(file.relative_to(root).with_suffix("").parts)


def _read_parquet(paths: Sequence[Path]) -> Iterator[List[Row]]:
    import pyarrow.parquet

    for path in paths:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS_A_BATCH):
                yield batch.to_pylist()


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


def _read_texts(paths: Sequence[Path]) -> Iterator[List[Row]]:
    for start in range(0, len(paths), ROWS_A_BATCH):
        some = paths[start : start + ROWS_A_BATCH]
        yield [{"file": path.name, "text": path.read_text(encoding="utf8")} for path in some]


def write_shard(batches: Iterable[List[Row]], path: Path, fields: Sequence[str]) -> Tuple[int, int]:
    """Write annotated rows to a file that is there in full or not at all.

    batches (Iterable[List[Dict[str, Any]]]): The rows.
    path (Path): The file. Its ending says how.
    fields (Sequence[str]): The fields that were added.
    RETURNS (Tuple[int, int]): The number of rows, and of those with an error.
    """
    new = path.with_name(f".{path.name}.new")
    write: Callable[..., None] = _write_parquet if path.suffix == PARQUET else _write_lines
    counts = [0, 0]

    def counted() -> Iterator[List[Row]]:
        for rows in batches:
            counts[0] += len(rows)
            counts[1] += sum(row["error"] is not None for row in rows)
            yield rows

    try:
        write(counted(), new, fields)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return counts[0], counts[1]


def _write_lines(batches: Iterable[List[Row]], path: Path, fields: Sequence[str]) -> None:
    with path.open("w", encoding="utf8") as file:
        for rows in batches:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def _write_parquet(batches: Iterable[List[Row]], path: Path, fields: Sequence[str]) -> None:
    import pyarrow
    import pyarrow.parquet

    added = {**{name: FIELDS[name].kind for name in fields}, "error": "string"}
    writer = None
    try:
        for rows in batches:
            before = [name for name in rows[0] if name not in added]
            plain = pyarrow.Table.from_pylist([{k: row[k] for k in before} for row in rows])
            columns = [
                arrow_values([row[name] for row in rows], kind) for name, kind in added.items()
            ]
            names = [*before, *added]
            table = pyarrow.Table.from_arrays([*plain.columns, *columns], names=names)
            if writer is None:
                writer = pyarrow.parquet.ParquetWriter(path, table.schema)
            writer.write_table(table.cast(writer.schema))
        if writer is None:
            pyarrow.parquet.write_table(pyarrow.table({name: [] for name in added}), path)
    finally:
        if writer is not None:
            writer.close()
