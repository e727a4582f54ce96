"""The iterator functions as users of Spark call them: `mapInArrow` and `mapInPandas`."""

import os
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest
import spacy
from engines_here import (
    INSTALLED,
    NEEDS_SPARK,
    expected_rows,
    installed_pipeline,
    processes_that_loaded,
    rows_of,
)

from spacy_mtl.deploy import Annotator
from spacy_mtl.deploy.engines.contract import EngineError
from spacy_mtl.deploy.engines.spark_tasks import SparkTasks

pytestmark = [*NEEDS_SPARK, pytest.mark.slow]
N_PARTITIONS = 6


@pytest.fixture(scope="module")
def pipeline(encoder_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an installed pipeline, which the workers of a session find."""
    with installed_pipeline(encoder_dir, tmp_path_factory.mktemp("site")) as package:
        yield package


@pytest.fixture(scope="module")
def session(pipeline: Path) -> Iterator[Any]:
    """A session on this machine, with two workers."""
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        builder: Any = SparkSession.builder
        # Java may run since an earlier test, and know an earlier environment.
        builder = builder.config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"])
        spark = builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
        spark.sparkContext.setLogLevel("OFF")
        yield spark
        spark.stop()


def test_iterator_functions(session: Any, pipeline: Path) -> None:
    """Same as `nlp.pipe`, in several partitions. Workers serve both, and load the pipeline once."""
    annotator = Annotator(INSTALLED)
    rows, schema = rows_of(60), "id bigint, text string"
    frame = session.createDataFrame(rows, schema).repartition(N_PARTITIONS)
    after = annotator.spark_schema(schema)
    in_arrow = frame.mapInArrow(annotator.in_arrow, after).orderBy("id").collect()
    in_pandas = frame.mapInPandas(annotator.in_pandas, after).orderBy("id").collect()
    processes = processes_that_loaded(pipeline)
    assert len(processes) == len(set(processes)) < N_PARTITIONS
    assert str(os.getpid()) not in processes
    expected = expected_rows(spacy.load(INSTALLED), rows)
    assert [row.asDict(recursive=True) for row in in_arrow] == expected
    assert [row.asDict(recursive=True) for row in in_pandas] == expected


def test_a_pipeline_that_is_nowhere(session: Any) -> None:
    """The error is that of the worker, not of Java."""
    with (
        SparkTasks(Annotator("nowhere"), 1) as engine,
        pytest.raises(OSError, match=r"E050.*nowhere") as info,
    ):
        list(engine.run([[{"text": "a"}]]))
    assert "Traceback" not in str(info.value)


def test_a_worker_that_dies(session: Any) -> None:
    class Dies(Annotator):
        def rows(self, rows: Any) -> Any:
            os._exit(1)

    with (
        SparkTasks(Dies("en_any"), 1) as engine,
        pytest.raises(EngineError, match=r"Spark couldn't run a task: .*crashed"),
    ):
        list(engine.run([[{"text": "a"}]]))


def test_java_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.sql import SparkSession

    def fail() -> None:
        raise RuntimeError("Java gateway process exited.")

    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setattr(SparkSession.Builder, "getOrCreate", lambda self: fail())
    with pytest.raises(EngineError, match="gateway process exited. It needs Java 17 or newer"):
        SparkTasks(Annotator("en_any"), 1)
