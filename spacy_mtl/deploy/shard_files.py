"""The files of annotated shards: Parquet or JSON lines, there in full or not at all."""

import json
from pathlib import Path
from typing import Any, Iterable, Iterator, List, Sequence, Tuple

from .annotator import ERROR
from .collection import LINES, PARQUET, CollectionError, Row, Shard
from .fields import FIELDS, arrow_type, arrow_values

#: The metadata that Spark writes.
_OF_SPARK = b"org.apache.spark."
#: From so many rows or characters on, a row group of a Parquet file ends.
_ROWS_A_GROUP, _CHARACTERS_A_GROUP = 10_000, 10_000_000


def new_name(name: str) -> str:
    """RETURNS (str): What a file is called until it is complete."""
    return f".{name}.new"


def write_shard(
    shard: Shard, batches: Iterable[List[Row]], path: Path, fields: Sequence[str]
) -> Tuple[int, int]:
    """Write the annotated rows of a shard to a file.

    shard (Shard): The shard.
    batches (Iterable[List[Dict[str, Any]]]): Its annotated rows.
    path (Path): The file. Its ending says how.
    fields (Sequence[str]): The fields that were added.
    RETURNS (Tuple[int, int]): The number of rows, and of those with an error.
    RAISES (CollectionError): If a column has values that a Parquet file can't have together.
    """
    new = path.with_name(new_name(path.name))
    counts = [0, 0]

    def counted() -> Iterator[List[Row]]:
        for rows in batches:
            counts[0] += len(rows)
            counts[1] += sum(row[ERROR] is not None for row in rows)
            yield rows

    try:
        if path.suffix == PARQUET:
            _write_parquet(counted(), new, fields, shard)
        else:
            _write_lines(counted(), new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return counts[0], counts[1]


def _write_lines(batches: Iterable[List[Row]], path: Path) -> None:
    with path.open("w", encoding="utf8") as file:
        for rows in batches:
            for row in rows:
                file.write(_line_of(row) + "\n")


def _line_of(row: Row) -> str:
    line = json.dumps(row, ensure_ascii=False, default=str)
    try:
        line.encode("utf8")
    except UnicodeEncodeError:
        # Half a surrogate pair, which JSON can escape.
        line = json.dumps(row, default=str)
    return line


def _write_parquet(
    batches: Iterable[List[Row]], path: Path, fields: Sequence[str], shard: Shard
) -> None:
    import pyarrow
    import pyarrow.parquet

    added = {**{name: FIELDS[name].kind for name in fields}, ERROR: "string"}
    before = _schema_of(shard)
    kinds = [pyarrow.field(name, arrow_type(kind)) for name, kind in added.items()]
    # Spark believes its note of the columns in the metadata, not the columns themselves.
    metadata = before.metadata or {}
    kept = {key: value for key, value in metadata.items() if not key.startswith(_OF_SPARK)}
    schema = pyarrow.schema([*before, *kinds], metadata=kept)
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for rows in _grouped(batches):
            columns = [_array([row.get(each.name) for row in rows], each.type) for each in before]
            columns += [
                arrow_values([row[name] for row in rows], kind) for name, kind in added.items()
            ]
            writer.write_table(pyarrow.Table.from_arrays(columns, schema=schema))


def _grouped(batches: Iterable[List[Row]]) -> Iterator[List[Row]]:
    """Put batches together: each becomes a row group, and readers want few large ones."""
    rows: List[Row] = []
    n_characters = 0
    for batch in batches:
        rows += batch
        n_characters += sum(len(v) for row in batch for v in row.values() if isinstance(v, str))
        if len(rows) >= _ROWS_A_GROUP or n_characters >= _CHARACTERS_A_GROUP:
            yield rows
            rows, n_characters = [], 0
    if rows:
        yield rows


def _schema_of(shard: Shard) -> Any:
    """RETURNS (Schema): The columns of a shard, before it is annotated."""
    import pyarrow
    import pyarrow.parquet

    if shard.ending == PARQUET:
        return pyarrow.parquet.read_schema(shard.paths[0])
    if shard.ending != LINES:
        return pyarrow.schema({"file": pyarrow.string(), "text": pyarrow.string()})
    # Only all rows say which columns there are, and of which types.
    found = pyarrow.schema([])
    for rows in shard.batches():
        own = _schema_of_rows(rows, shard)
        try:
            found = pyarrow.unify_schemas([found, own], promote_options="permissive")
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError) as err:
            raise CollectionError(_mixed(shard, str(err))) from err
    # Other programs can't read a column without a type.
    return pyarrow.schema(
        [(f.name, pyarrow.string() if f.type == pyarrow.null() else f.type) for f in found]
    )


def _schema_of_rows(rows: List[Row], shard: Shard) -> Any:
    import pyarrow

    found = []
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        try:
            found.append((name, _array(values).type))
        except (pyarrow.ArrowException, OverflowError) as err:
            raise CollectionError(_mixed(shard, f"column '{name}': {err}")) from err
    return pyarrow.schema(found)


def _mixed(shard: Shard, reason: str) -> str:
    return (
        f"The rows of {shard.paths[0]} don't fit into one Parquet file, whose columns have one "
        f"type each ({reason}). Write JSON lines (--format jsonl), or fix the rows."
    )


def _array(values: List[Any], kind: Any = None) -> Any:
    """RETURNS (Array): The values, of a type that is inferred if none is given."""
    import pyarrow

    try:
        return pyarrow.array(values, type=kind)
    except UnicodeEncodeError:
        # Half a surrogate pair, which Parquet can't hold.
        return pyarrow.array(_storable(values), type=kind)


def _storable(value: Any) -> Any:
    """RETURNS (Any): The value with a question mark for what UTF-8 doesn't have."""
    if isinstance(value, str):
        return value.encode("utf8", "replace").decode("utf8")
    if isinstance(value, dict):
        return {_storable(key): _storable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(each) for each in value]
    return value
