"""Collections of files, annotated shard by shard."""

import json
from pathlib import Path
from typing import Any, Dict, List

import pyarrow
import pyarrow.parquet
import pytest
import spacy

from spacy_mtl.deploy import Annotator, collection
from spacy_mtl.deploy.apply import RECORD, apply, make_job, open_output
from spacy_mtl.deploy.collection import CollectionError, find_shards


@pytest.fixture
def annotator(tmp_path: Path) -> Annotator:
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    return Annotator(tmp_path / "pipeline", ["tokens", "ents", "cats"])


def write_lines(path: Path, rows: List[Dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def read_lines(path: Path) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def make_rows(start: int, n: int) -> List[Dict[str, Any]]:
    return [{"id": i, "text": f"the text {i}"} for i in range(start, start + n)]


def run(annotator: Annotator, source: Path, output: Path, **settings: Any) -> Any:
    job = make_job(annotator, source, output, settings.pop("format", None))
    open_output(job, resume=settings.pop("resume", False))
    return apply(job, **settings)


def test_lines(annotator: Annotator, tmp_path: Path) -> None:
    """Files in folders, more rows than a batch has, and rows that can't be annotated."""
    rows = make_rows(0, 300)
    write_lines(tmp_path / "in" / "a" / "one.jsonl", rows)
    write_lines(tmp_path / "in" / "two.jsonl", [{"text": None, "n": 1}, {"text": "b"}])
    found = run(annotator, tmp_path / "in", tmp_path / "out")
    assert (found.n_shards, found.n_rows, found.n_errors) == (2, 302, 1)
    one = read_lines(tmp_path / "out" / "a__one.jsonl")
    assert [{"id": row["id"], "text": row["text"]} for row in one] == rows
    assert one[299]["tokens"] == ["the", "text", "299"]
    two = read_lines(tmp_path / "out" / "two.jsonl")
    assert two[0]["error"]
    assert two[0]["n"] == 1
    assert two[1] == {"text": "b", "tokens": ["b"], "ents": [], "cats": {}, "error": None}


def test_parquet_and_texts(annotator: Annotator, tmp_path: Path) -> None:
    rows = make_rows(0, 600)
    table = pyarrow.Table.from_pylist(rows)
    (tmp_path / "in").mkdir()
    pyarrow.parquet.write_table(table, tmp_path / "in" / "one.parquet", row_group_size=100)
    run(annotator, tmp_path / "in", tmp_path / "out")
    found = pyarrow.parquet.read_table(tmp_path / "out" / "one.parquet")
    assert found.schema.names == ["id", "text", "tokens", "ents", "cats", "error"]
    assert found.select(["id", "text"]).to_pylist() == rows
    assert found["tokens"][599].as_py() == ["the", "text", "599"]
    (tmp_path / "texts").mkdir()
    for i in range(3):
        (tmp_path / "texts" / f"{i}.txt").write_text(f"text {i}")
    run(annotator, tmp_path / "texts", tmp_path / "lines")
    (file,) = (tmp_path / "lines").glob("*.jsonl")
    assert [row["file"] for row in read_lines(file)] == ["0.txt", "1.txt", "2.txt"]
    run(annotator, tmp_path / "texts", tmp_path / "tables", format="parquet")
    (file,) = (tmp_path / "tables").glob("*.parquet")
    assert pyarrow.parquet.read_table(file)["tokens"].to_pylist()[2] == ["text", "2"]


def test_shards_of_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "FILES_A_SHARD", 2)
    for i in range(5):
        (tmp_path / f"{i}.txt").write_text("a")
    assert [len(shard.paths) for shard in find_shards(tmp_path)] == [2, 2, 1]


@pytest.mark.slow
def test_several_processes(annotator: Annotator, tmp_path: Path) -> None:
    """In the same order."""
    write_lines(tmp_path / "in.jsonl", make_rows(0, 1500))
    run(annotator, tmp_path / "in.jsonl", tmp_path / "out", n_workers=2)
    run(annotator, tmp_path / "in.jsonl", tmp_path / "alone")
    one, two = ((tmp_path / name / "in.jsonl").read_text() for name in ("out", "alone"))
    assert one == two


def test_interrupted(annotator: Annotator, tmp_path: Path) -> None:
    """What is finished isn't done again. A file that isn't finished is not there."""
    for name in ("a", "b", "c"):
        write_lines(tmp_path / "in" / f"{name}.jsonl", make_rows(0, 3))
    (tmp_path / "in" / "b.jsonl").write_text('{"text": "good"}\n{"text": \n')
    out = tmp_path / "out"
    with pytest.raises(CollectionError, match=r"b.jsonl, line 2, is no JSON: .* Fix that line"):
        run(annotator, tmp_path / "in", out)
    assert sorted(path.name for path in out.iterdir()) == ["a.jsonl", RECORD]
    first = (out / "a.jsonl").stat().st_mtime_ns
    write_lines(tmp_path / "in" / "b.jsonl", make_rows(5, 1))
    with pytest.raises(CollectionError, match="of an earlier run. Go on with --resume"):
        run(annotator, tmp_path / "in", out)
    found = run(annotator, tmp_path / "in", out, resume=True)
    assert (found.n_before, found.n_rows) == (1, 4)
    assert (out / "a.jsonl").stat().st_mtime_ns == first
    other = Annotator(annotator.pipeline, ["tokens"])
    with pytest.raises(CollectionError, match="was begun with another 'fields': .* not"):
        run(other, tmp_path / "in", out, resume=True)
    (out / "notes.txt").write_text("keep")
    job = make_job(other, tmp_path / "in", out)
    with pytest.raises(CollectionError, match="also has other files, such as 'notes.txt', and"):
        open_output(job, resume=False, force=True)
    assert len(list(out.iterdir())) == 5
    (out / "notes.txt").unlink()
    open_output(job, resume=False, force=True)
    assert apply(job).n_rows == 7


def test_errors(annotator: Annotator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CollectionError, match="There is no collection '.*nowhere'"):
        find_shards(tmp_path / "nowhere")
    (tmp_path / "in").mkdir()
    with pytest.raises(CollectionError, match="has nothing, but must have files that all end in"):
        find_shards(tmp_path / "in")
    (tmp_path / "in" / "a.csv").write_text("")
    with pytest.raises(CollectionError, match="has .csv, but must have"):
        find_shards(tmp_path / "in")
    (tmp_path / "bad.parquet").write_text("no table")
    with pytest.raises(CollectionError, match="bad.parquet can't be read as .parquet"):
        run(annotator, tmp_path / "bad.parquet", tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("spacy_mtl.deploy.apply.find_spec", lambda name: None)
        with pytest.raises(CollectionError, match=r"need pyarrow, .* 'spacy-mtl\[parquet\]'"):
            run(annotator, tmp_path / "bad.parquet", tmp_path / "out3")
    (tmp_path / "list.jsonl").write_text("[1]\n")
    with pytest.raises(CollectionError, match="line 1, is no JSON object"):
        run(annotator, tmp_path / "list.jsonl", tmp_path / "out2")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes").write_text("keep")
    with pytest.raises(CollectionError, match="has other files. Name a new folder"):
        run(annotator, tmp_path / "list.jsonl", tmp_path / "used")
    assert (tmp_path / "used" / "notes").read_text() == "keep"
