"""Collections of files, annotated shard by shard."""

import os
from pathlib import Path
from typing import Any, List, NoReturn

import pyarrow
import pyarrow.parquet
import pytest
import spacy
from annotated_files import make_rows, read_lines, run, write_lines

from spacy_mtl.deploy import Annotator, collection
from spacy_mtl.deploy.apply import RECORD, apply, make_job, open_output
from spacy_mtl.deploy.collection import CollectionError, Row, find_shards
from spacy_mtl.deploy.engines.contract import EngineError, in_order
from spacy_mtl.deploy.engines.local import Local
from spacy_mtl.deploy.shard_files import write_shard
from spacy_mtl.deploy.shard_stream import annotated_shards


@pytest.fixture
def annotator(tmp_path: Path) -> Annotator:
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    return Annotator(tmp_path / "pipeline", ["tokens", "ents", "cats"])


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


def test_text_files_in_folders(annotator: Annotator, tmp_path: Path) -> None:
    """Each is named by its path. One that can't be read has its error."""
    for name in ("x/1.txt", "y/1.txt"):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        (tmp_path / "in" / name).write_text("a b")
    (tmp_path / "in" / "y" / "2.txt").write_bytes("größer".encode("latin1"))
    found = run(annotator, tmp_path / "in", tmp_path / "out")
    assert (found.n_rows, found.n_errors) == (3, 1)
    rows = read_lines(tmp_path / "out" / "texts-00000.jsonl")
    assert [row["file"] for row in rows] == ["x/1.txt", "y/1.txt", "y/2.txt"]
    assert rows[2]["text"] is None
    assert rows[2]["error"].startswith("The file can't be read as UTF-8 text: 'utf-8' codec")
    found = run(annotator, tmp_path / "in", tmp_path / "tables", format="parquet")
    assert (found.n_rows, found.n_errors) == (3, 1)


def test_two_files_of_one_name(annotator: Annotator, tmp_path: Path) -> None:
    write_lines(tmp_path / "in" / "a" / "b.jsonl", make_rows(0, 1))
    write_lines(tmp_path / "in" / "a__b.jsonl", make_rows(1, 1))
    with pytest.raises(CollectionError, match="would both be written to a file 'a__b'. Rename one"):
        find_shards(tmp_path / "in")


def test_files_with_other_endings(annotator: Annotator, tmp_path: Path) -> None:
    """They are named. What Spark writes beside the data isn't looked at."""
    write_lines(tmp_path / "in" / "a.jsonl", make_rows(0, 1))
    for name in ("b.jsonl.gz", "_SUCCESS", ".crc"):
        (tmp_path / "in" / name).write_text("")
    job = make_job(annotator, tmp_path / "in", tmp_path / "out")
    assert [path.name for path in job.left_out] == ["b.jsonl.gz"]


def test_a_collection_that_has_changed(
    annotator: Annotator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of texts move from one shard to another: they would be missing, or there twice."""
    monkeypatch.setattr(collection, "FILES_A_SHARD", 2)
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in "bcde":
        (source / f"{name}.txt").write_text(name)
    job = make_job(annotator, source, out)
    open_output(job, resume=False)
    write_shard(job.shards[0], [], job.file_of(job.shards[0]), annotator.fields)
    (source / "d.txt").unlink()
    (source / "a.txt").write_text("a")
    says = "has changed since 'texts-00000' was annotated: it has other files"
    with pytest.raises(CollectionError, match=says):
        run(annotator, source, out, resume=True)
    (source / "a.txt").unlink()
    # What isn't done yet may change.
    (source / "g.txt").write_text("g")
    found = run(annotator, source, out, resume=True)
    assert (found.n_before, found.n_rows) == (1, 2)
    assert [row["text"] for row in read_lines(out / "texts-00001.jsonl")] == ["e", "g"]
    for path in source.iterdir():
        path.unlink()
    (source / "b.txt").write_text("b")
    (source / "c.txt").write_text("c")
    with pytest.raises(CollectionError, match="since 'texts-00001' was annotated: it is gone"):
        run(annotator, source, out, resume=True)
    (source / "e.txt").write_text("e")
    (source / "g.txt").write_text("g")
    # Another pipeline at the same place.
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(annotator.pipeline)
    with pytest.raises(CollectionError, match="begun with another 'fingerprint of the pipeline'"):
        run(annotator, source, out, resume=True)


def test_force_after_a_kill(annotator: Annotator, tmp_path: Path) -> None:
    """What was half written then is removed."""
    write_lines(tmp_path / "in.jsonl", make_rows(0, 1))
    out = tmp_path / "out"
    run(annotator, tmp_path / "in.jsonl", out)
    (out / ".in.jsonl.new").write_text("half")
    job = make_job(annotator, tmp_path / "in.jsonl", out)
    open_output(job, resume=False, force=True)
    assert [path.name for path in out.iterdir()] == [RECORD]


def test_workers_go_on_with_the_next_file(annotator: Annotator, tmp_path: Path) -> None:
    """Small files don't make them wait. Each result comes to its file, also of empty ones."""
    sizes = [3, 0, 1, 300, 0, 2]
    for i, size in enumerate(sizes):
        write_lines(tmp_path / "in" / f"{i}.jsonl", make_rows(10 * i, size))
    shards = find_shards(tmp_path / "in")
    started: List[Any] = []

    class Ahead(Local):
        """Takes three batches before it gives one back."""

        def run(self, batches: Any) -> Any:
            return in_order(batches, self._begin, self.annotator.rows, 3)

        def _begin(self, batch: Any) -> Any:
            started.append(batch)
            return batch

    found = {}
    for shard, batches in annotated_shards(shards, Ahead(annotator, 1)):
        rows = [row for batch in batches for row in batch]
        if rows and not found:
            assert len(started) == 3
        found[shard.name] = [row["id"] for row in rows]
    assert found == {str(i): list(range(10 * i, 10 * i + n)) for i, n in enumerate(sizes)}


def _end(rows: List[Row]) -> NoReturn:
    os._exit(1)


@pytest.mark.slow
@pytest.mark.parametrize("before", [True, False])
def test_a_worker_that_ends(
    annotator: Annotator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    """As one that is killed, since memory has run out: before rows are sent, or while it works."""
    write_lines(tmp_path / "in.jsonl", make_rows(0, 3))
    job = make_job(annotator, tmp_path / "in.jsonl", tmp_path / "out")
    with Local(annotator, 2) as workers:
        assert workers._pool is not None
        if before:
            assert workers._pool.submit(os._exit, 1).exception() is not None
        else:
            monkeypatch.setattr(workers.annotator, "rows", _end)
        with pytest.raises(EngineError, match="A worker has ended.*--resume goes on"):
            list(workers.run(job.shards[0].batches()))


@pytest.mark.slow
def test_several_processes(annotator: Annotator, tmp_path: Path) -> None:
    """In the same order."""
    write_lines(tmp_path / "in.jsonl", make_rows(0, 1500))
    run(annotator, tmp_path / "in.jsonl", tmp_path / "out", n_workers=2)
    run(annotator, tmp_path / "in.jsonl", tmp_path / "alone")
    one, two = ((tmp_path / name / "in.jsonl").read_text() for name in ("out", "alone"))
    assert one == two


def test_an_engine_that_does_not_start(
    annotator: Annotator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was annotated, so nothing is to be resumed: also with other settings."""
    write_lines(tmp_path / "in.jsonl", [{"text": "old books"}])
    job = make_job(annotator, tmp_path / "in.jsonl", tmp_path / "out")
    open_output(job, resume=False)

    def fail(*args: Any) -> None:
        raise EngineError("no workers today")

    monkeypatch.setattr(Local, "__init__", fail)
    with pytest.raises(EngineError, match="today"):
        apply(job)
    monkeypatch.undo()
    assert list(job.output.iterdir()) == []
    other = make_job(Annotator(annotator.pipeline, ["tags"]), tmp_path / "in.jsonl", job.output)
    open_output(other, resume=False)
    # While it begins, another one is refused.
    with pytest.raises(CollectionError, match="of an earlier run. Go on with --resume"):
        open_output(other, resume=False)
    assert apply(other).n_rows == 1


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
    write_lines(tmp_path / "good.jsonl", make_rows(0, 1))
    with pytest.raises(CollectionError, match="has other files. Name a new folder"):
        run(annotator, tmp_path / "good.jsonl", tmp_path / "used")
    assert (tmp_path / "used" / "notes").read_text() == "keep"
