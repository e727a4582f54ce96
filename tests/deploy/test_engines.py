"""Engines that are libraries of their own: the same rows as in this process, in the same order."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from engines_here import NEEDS_RAY, NEEDS_SPARK, take_away

from spacy_mtl.deploy import Annotator
from spacy_mtl.deploy.apply import apply, engine_class, make_job, open_output
from spacy_mtl.deploy.engines.contract import EngineError, in_order


@pytest.fixture
def annotator(tmp_path: Path) -> Annotator:
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    return Annotator(tmp_path / "pipeline", ["tokens", "ents", "cats"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "engine",
    [pytest.param("ray", marks=NEEDS_RAY), pytest.param("spark", marks=NEEDS_SPARK)],
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
    "engine",
    ["local", pytest.param("ray", marks=NEEDS_RAY), pytest.param("spark", marks=NEEDS_SPARK)],
)
@pytest.mark.slow
def test_rows_that_cannot_be_annotated_at_all(annotator: Annotator, engine: str) -> None:
    """The same error by every engine, without tracebacks of workers."""
    with (
        engine_class(engine)(annotator, 2) as workers,
        pytest.raises(ValueError, match="have a column 'tokens', which would be") as info,
    ):
        list(workers.run([[{"text": "a", "tokens": []}]]))
    assert "Traceback" not in str(info.value)


@pytest.mark.parametrize(
    ("engine", "name", "message"),
    [
        ("ray", "ray", r"Ray isn't installed: pip install 'spacy-mtl\[ray\]', or use --engine loc"),
        ("spark", "pyspark", r"Spark isn't installed: pip install 'spacy-mtl\[spark\]'"),
        ("spark", "java", "Spark needs Java, .*`apt-get install openjdk-17-jre-headless`"),
    ],
)
def test_what_is_missing(
    engine: str,
    name: str,
    message: str,
    annotator: Annotator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_away(name, monkeypatch)
    with pytest.raises(EngineError, match=message):
        engine_class(engine).check()
    with pytest.raises(EngineError, match=message):
        engine_class(engine)(annotator, 2)


def test_spark_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    take_away("", monkeypatch)
    monkeypatch.setenv("SPARK_REMOTE", "sc://somewhere")
    with pytest.raises(EngineError, match="SPARK_REMOTE names .* call `mapInArrow`"):
        engine_class("spark").check()


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
