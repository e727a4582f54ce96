"""Nothing is lost, left behind or read twice."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Iterator, List

import pyarrow
import pyarrow.parquet
import pytest
import spacy
from annotated_files import make_rows, read_lines, run, write_lines
from python_path import python_path
from spacy.language import Language
from spacy.tokens import Doc

from spacy_mtl.deploy import Annotator
from spacy_mtl.deploy.apply import make_job, open_output
from spacy_mtl.deploy.collection import ROWS_A_BATCH, CollectionError
from spacy_mtl.deploy.engines.contract import EngineError
from spacy_mtl.deploy.shard_stream import annotated_shards


@pytest.fixture
def annotator(tmp_path: Path) -> Annotator:
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    return Annotator(tmp_path / "pipeline", ["tokens"])


def test_force_with_a_mistake(annotator: Annotator, tmp_path: Path) -> None:
    """What was annotated is only removed once all is checked."""
    write_lines(tmp_path / "in.jsonl", make_rows(0, 3))
    run(annotator, tmp_path / "in.jsonl", tmp_path / "out")
    wrong = Annotator(annotator.pipeline, ["tokens"], text="txet")
    job = make_job(wrong, tmp_path / "in.jsonl", tmp_path / "out")
    with pytest.raises(CollectionError, match="no column 'txet'"):
        open_output(job, resume=False, force=True)
    assert len(read_lines(tmp_path / "out" / "in.jsonl")) == 3


@pytest.mark.parametrize("name", ["", "out", "deep/out"])
def test_output_in_the_collection(annotator: Annotator, tmp_path: Path, name: str) -> None:
    write_lines(tmp_path / "in" / "a.jsonl", make_rows(0, 3))
    with pytest.raises(CollectionError, match="is in the collection .* begins with '_'"):
        make_job(annotator, tmp_path / "in", tmp_path / "in" / name)


def test_hidden_output_in_the_collection(annotator: Annotator, tmp_path: Path) -> None:
    write_lines(tmp_path / "in" / "a.jsonl", make_rows(0, 3))
    assert run(annotator, tmp_path / "in", tmp_path / "in" / "_out").n_rows == 3
    again = run(annotator, tmp_path / "in", tmp_path / "in" / "_out", resume=True)
    assert (again.n_before, again.n_rows) == (1, 0)


def test_columns_that_spark_has_noted(annotator: Annotator, tmp_path: Path) -> None:
    """It would not see others."""
    noted = {"org.apache.spark.sql.parquet.row.metadata": "{}", "mine": "kept"}
    schema = pyarrow.schema([("text", pyarrow.string())], metadata=noted)
    table = pyarrow.table({"text": ["old books", "books"]}, schema=schema)
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    run(annotator, tmp_path / "in.parquet", tmp_path / "out")
    found = pyarrow.parquet.read_schema(tmp_path / "out" / "in.parquet")
    assert found.names == ["text", "tokens", "error"]
    assert found.metadata == {b"mine": b"kept"}


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("body", r"b.parquet: The rows have no column 'text', but: body"),
        ("error", r"b.parquet: .* a column 'error', which would be added. Rename it\.$"),
        ("tokens", r"b.parquet: .* a column 'tokens', .* or leave it out of 'fields'"),
    ],
)
def test_columns_of_later_files(
    annotator: Annotator, tmp_path: Path, column: str, message: str
) -> None:
    """They are looked at before the first row is annotated, however long that takes."""
    (tmp_path / "in").mkdir()
    good = pyarrow.table({"text": ["old books"]})
    bad = pyarrow.table({column: ["old books"]})
    if column != "body":
        bad = bad.append_column("text", good.column("text"))
    pyarrow.parquet.write_table(good, tmp_path / "in" / "a.parquet")
    pyarrow.parquet.write_table(bad, tmp_path / "in" / "b.parquet")
    with pytest.raises(CollectionError, match=message):
        run(annotator, tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_columns_of_one_name(annotator: Annotator, tmp_path: Path) -> None:
    """Rows would keep one of them."""
    columns = [pyarrow.array(values) for values in (["old books"], [1], [2])]
    table = pyarrow.Table.from_arrays(columns, names=["text", "x", "x"])
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(CollectionError, match="in.parquet has several columns 'x'. Rename"):
        run(annotator, tmp_path / "in.parquet", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_row_groups(annotator: Annotator, tmp_path: Path) -> None:
    """Not one a batch: readers want few large ones."""
    table = pyarrow.table({"text": ["old books"] * (3 * ROWS_A_BATCH)})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    run(annotator, tmp_path / "in.parquet", tmp_path / "out")
    found = pyarrow.parquet.ParquetFile(tmp_path / "out" / "in.parquet")
    assert (found.num_row_groups, found.metadata.num_rows) == (1, 3 * ROWS_A_BATCH)


def test_a_pipeline_that_leaves_texts_out(
    annotator: Annotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error handler may do so, or a component."""
    pipe = Language.pipe

    def without_bad(self: Language, texts: Any, **settings: Any) -> Iterator[Doc]:
        return (doc for doc in pipe(self, texts, **settings) if doc.text != "bad")

    monkeypatch.setattr(Language, "pipe", without_bad)
    found = annotator.annotate(["good", "bad", None, "best"])
    assert [each.get("tokens") for each in found] == [["good"], None, None, ["best"]]
    assert found[1]["error"] == "The pipeline has left this text out"


def test_workers_that_end_early(annotator: Annotator, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_lines(tmp_path / "in" / f"{name}.jsonl", make_rows(0, 2 * ROWS_A_BATCH))

    class Ends:
        def run(self, batches: Any) -> Iterator[List[Any]]:
            yield annotator.rows(next(batches))
            next(batches)

    shards = make_job(annotator, tmp_path / "in", tmp_path / "out").shards
    workers: Any = Ends()
    _, batches = next(annotated_shards(shards, workers))
    with pytest.raises(EngineError, match="ended before all rows"):
        list(batches)


def test_long_lists_of_texts(annotator: Annotator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark hands over 10,000 at a time: documents are let go in between."""
    sizes = []
    annotate = Annotator._annotate_all

    def noted(self: Annotator, nlp: Language, texts: List[str]) -> Any:
        sizes.append(len(texts))
        return annotate(self, nlp, texts)

    monkeypatch.setattr(Annotator, "_annotate_all", noted)
    found = annotator.annotate([f"text {i}" for i in range(2 * ROWS_A_BATCH + 1)])
    assert sizes == [ROWS_A_BATCH, ROWS_A_BATCH, 1]
    assert [each["tokens"][1] for each in found] == [str(i) for i in range(len(found))]


def test_strings_of_numpy(annotator: Annotator) -> None:
    import numpy

    found = annotator({"text": numpy.array(["old books", "books"])})
    assert [list(each) for each in found["tokens"]] == [["old", "books"], ["books"]]
    assert list(found["error"]) == [None, None]


@pytest.mark.slow
def test_workers_end_with_the_command(annotator: Annotator, tmp_path: Path) -> None:
    """Also if it is killed, and can't tell them."""
    write_lines(tmp_path / "in.jsonl", make_rows(0, 200_000))
    command = [sys.executable, "-m", "spacy", "mtl", "apply", annotator.pipeline]
    command += [str(tmp_path / "in.jsonl"), str(tmp_path / "out"), "--n-workers", "2", "--quiet"]
    environ = {**os.environ, "PYTHONPATH": python_path()}
    process = subprocess.Popen(command, env=environ, start_new_session=True)
    try:
        workers = _wait_for(lambda: _children(process.pid), 2)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 30
        while any(map(_is_running, workers)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(map(_is_running, workers))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert json.loads((tmp_path / "out" / "apply.json").read_text())


def _children(pid: int) -> List[int]:
    """Those that annotate: multiprocessing has one more, which tracks its resources."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in found if "spawn_main" in _command(int(each))]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _is_running(pid: int) -> bool:
    return "spawn_main" in _command(pid)


def _wait_for(look: Any, n: int) -> List[int]:
    deadline = time.monotonic() + 120
    while len(found := look()) < n:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return list(found)
