"""The columns of annotated files: all are kept, with their types."""

from datetime import date
from pathlib import Path
from typing import Any, Dict, List

import pyarrow
import pyarrow.parquet
import pytest
import spacy
from annotated_files import read_lines, run, write_lines

from spacy_mtl.deploy import Annotator
from spacy_mtl.deploy.collection import CollectionError


@pytest.fixture
def annotator(tmp_path: Path) -> Annotator:
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    return Annotator(tmp_path / "pipeline", ["tokens", "ents", "cats"])


def test_columns_are_checked_first(annotator: Annotator, tmp_path: Path) -> None:
    write_lines(tmp_path / "in" / "a.jsonl", [])
    write_lines(tmp_path / "in" / "b.jsonl", [{"body": "a"}, {"body": "b", "n": 1}])
    says = "b.jsonl: The rows have no column 'text', but: body, n. Name the column"
    with pytest.raises(CollectionError, match=says):
        run(annotator, tmp_path / "in", tmp_path / "out")
    write_lines(tmp_path / "in" / "b.jsonl", [{"text": "a", "tokens": []}])
    with pytest.raises(CollectionError, match="have a column 'tokens', which would be added"):
        run(annotator, tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_rows_of_several_kinds(annotator: Annotator, tmp_path: Path) -> None:
    """Columns of a Parquet file have the types of all rows, not of the first ones."""
    rows: List[Dict[str, Any]] = [{"text": "a", "n": 1, "late": None} for _ in range(300)]
    rows += [{"text": "b", "n": 1.5, "late": "here", "extra": {"x": [1]}}, {"text": "c"}]
    write_lines(tmp_path / "in.jsonl", rows)
    run(annotator, tmp_path / "in.jsonl", tmp_path / "out", format="parquet")
    found = pyarrow.parquet.read_table(tmp_path / "out" / "in.parquet").to_pylist()
    names = ("text", "n", "late", "extra")
    assert [[row[n] for n in names] for row in found] == [
        [row.get(n) for n in names] for row in rows
    ]
    write_lines(tmp_path / "mixed.jsonl", [{"text": "a", "n": 1}, {"text": "a", "n": "one"}])
    says = r"mixed.jsonl don't fit into one Parquet file.*column 'n'.*--format jsonl"
    with pytest.raises(CollectionError, match=says):
        run(annotator, tmp_path / "mixed.jsonl", tmp_path / "mixed", format="parquet")
    assert not list((tmp_path / "mixed").glob("*mixed*"))


def test_types_of_tables_are_kept(annotator: Annotator, tmp_path: Path) -> None:
    kinds = {
        "text": pyarrow.large_string(),
        "n": pyarrow.int32(),
        "x": pyarrow.float32(),
        "map": pyarrow.map_(pyarrow.string(), pyarrow.int16()),
        "day": pyarrow.date32(),
    }
    rows = [{"text": "a b", "n": None, "x": 0.5, "map": [("k", 1)], "day": None}] * 300
    rows += [{"text": "c", "n": 3, "x": None, "map": None, "day": date(2026, 1, 2)}]
    schema = pyarrow.schema(kinds)
    for name, some in (("full", rows), ("empty", [])):
        table = pyarrow.Table.from_pylist(some, schema=schema)
        path = tmp_path / "in" / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        pyarrow.parquet.write_table(table, path)
    run(annotator, tmp_path / "in", tmp_path / "out")
    for name, some in (("full", rows), ("empty", [])):
        found = pyarrow.parquet.read_table(tmp_path / "out" / f"{name}.parquet")
        assert found.schema.names == [*kinds, "tokens", "ents", "cats", "error"]
        assert found.select(list(kinds)).schema == schema
        assert found.select(list(kinds)).to_pylist() == some


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_half_a_character(annotator: Annotator, tmp_path: Path, format: str) -> None:
    """As a cut emoji in JSON: it is no reason to stop."""
    (tmp_path / "in.jsonl").write_text('{"text": "a \\ud83d", "id": "x\\ud83d"}\n{"text": "b"}\n')
    found = run(annotator, tmp_path / "in.jsonl", tmp_path / "out", format=format)
    assert found.n_rows == 2
    path = tmp_path / "out" / f"in.{format}"
    rows = read_lines(path) if format == "jsonl" else pyarrow.parquet.read_table(path).to_pylist()
    assert rows[0]["id"] == ("x\ud83d" if format == "jsonl" else "x?")
    assert rows[1]["tokens"] == ["b"]
