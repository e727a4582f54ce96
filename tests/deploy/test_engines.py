"""Engines that are libraries of their own: the same rows as in this process, in the same order."""

import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_mtl.deploy import Annotator
from spacy_mtl.deploy.apply import apply, make_job, open_output
from spacy_mtl.deploy.engines.contract import EngineError, in_order

HAS_RAY, HAS_SPARK = (find_spec(name) is not None for name in ("ray", "pyspark"))
needs_ray = pytest.mark.skipif(not HAS_RAY, reason="needs spacy-mtl[ray]")
needs_spark = pytest.mark.skipif(not HAS_SPARK, reason="needs spacy-mtl[spark]")


@pytest.fixture
def annotator(tmp_path: Path) -> Annotator:
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    return Annotator(tmp_path / "pipeline", ["tokens", "ents", "cats"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "engine",
    [pytest.param("ray", marks=needs_ray), pytest.param("spark", marks=needs_spark)],
)
def test_same_rows_in_order(annotator: Annotator, engine: str, tmp_path: Path) -> None:
    rows = [{"id": i, "text": f"the text {i}"} for i in range(1500)]
    rows[700]["text"] = None  # type: ignore[assignment]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = {}
    for name, n_workers in (("local", 1), (engine, 2)):
        job = make_job(annotator, tmp_path / "in.jsonl", tmp_path / name)
        open_output(job, resume=False)
        done = apply(job, name, n_workers)
        assert (done.n_rows, done.n_errors) == (1500, 1)
        found[name] = (tmp_path / name / "in.jsonl").read_text()
    assert found["local"] == found[engine]


@pytest.mark.parametrize(
    ("engine", "module", "message"),
    [
        ("ray", "ray", r"Ray isn't installed: pip install 'spacy-mtl\[ray\]', or use --engine loc"),
        ("spark", "pyspark.sql", r"Spark isn't installed: pip install 'spacy-mtl\[spark\]'"),
    ],
)
def test_without_the_library(
    engine: str,
    module: str,
    message: str,
    annotator: Annotator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n')
    job = make_job(annotator, tmp_path / "in.jsonl", tmp_path / "out")
    open_output(job, resume=False)
    with pytest.raises(EngineError, match=message):
        apply(job, engine, 2)


def test_without_java(
    annotator: Annotator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Session:
        SparkSession = None

    monkeypatch.setitem(sys.modules, "pyspark", Session)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "pyspark.sql", Session)  # type: ignore[arg-type]
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n')
    job = make_job(annotator, tmp_path / "in.jsonl", tmp_path / "out")
    open_output(job, resume=False)
    with pytest.raises(EngineError, match="Spark needs Java, .*`apt-get install openjdk"):
        apply(job, "spark", 2)


def test_only_some_batches_are_read_ahead() -> None:
    read, promised, most = [0], [0], [0]

    def batches() -> Any:
        for i in range(20):
            read[0] += 1
            yield [{"i": i}]

    def submit(batch: Any) -> Any:
        promised[0] += 1
        most[0] = max(most[0], promised[0])
        return batch

    def result(batch: Any) -> Any:
        promised[0] -= 1
        return batch

    found = in_order(batches(), submit, result, 4)
    assert next(found) == [{"i": 0}]
    assert read[0] == 5
    assert [batch[0]["i"] for batch in found] == list(range(1, 20))
    assert most[0] == 4
