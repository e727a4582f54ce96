"""Annotate by tasks of Spark."""

import os
import shutil
import sys
from functools import partial
from importlib.util import find_spec
from itertools import islice
from typing import Any, Iterable, Iterator, List, Union

from ..annotator import Annotator
from ..collection import Row
from .contract import AHEAD, Engine, EngineError

_JAVA = "Install it, such as by `apt-get install openjdk-17-jre-headless`, or use --engine local."


class SparkTasks(Engine):
    """Tasks of the running Spark session, or of one on this machine: see `Engine`.

    Python workers of Spark are used again, so each loads the pipeline once.
    """

    def __init__(self, annotator: Annotator, n_workers: int) -> None:
        super().__init__(annotator, n_workers)
        from pyspark.sql import SparkSession

        # By default, Spark takes the first python3 that it finds.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        self._is_own = SparkSession.getActiveSession() is None
        builder: Any = SparkSession.builder
        if self._is_own:
            builder = builder.config("spark.ui.enabled", "false")
            builder = builder.config("spark.ui.showConsoleProgress", "false")
            if "MASTER" not in os.environ and "SPARK_MASTER" not in os.environ:
                builder = builder.master(f"local[{n_workers}]")
        try:
            self._spark = builder.getOrCreate()
        except Exception as err:
            raise EngineError(
                f"Spark can't be started: {err} It needs Java 17 or newer. {_JAVA}"
            ) from err
        if self._is_own:
            # Errors are raised here. Java would print each with a traceback.
            self._spark.sparkContext.setLogLevel("OFF")

    @classmethod
    def check(cls) -> None:
        if find_spec("pyspark") is None:
            raise EngineError(
                "Spark isn't installed: pip install 'spacy-mtl[spark]', or use --engine local."
            )
        if os.environ.get("SPARK_REMOTE"):
            raise EngineError(
                "SPARK_REMOTE names a server of Spark Connect, which this command can't use. Unset "
                "it, or call `mapInArrow` with an Annotator."
            )
        if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
            raise EngineError(
                f"Spark needs Java, but there is no command 'java', nor JAVA_HOME. {_JAVA}"
            )

    def run(self, batches: Iterable[List[Row]]) -> Iterator[List[Row]]:
        waiting = iter(batches)
        annotate = partial(_rows_or_error, self.annotator)
        # A task per batch. Tasks of the same size end together, so waves are long.
        while wave := list(islice(waiting, 4 * AHEAD * self.n_workers)):
            given = self._spark.sparkContext.parallelize(wave, len(wave))
            try:
                found = given.map(annotate).collect()
            except Exception as err:
                raise EngineError(f"Spark couldn't run a task: {_first_line(err)}") from err
            for each in found:
                if isinstance(each, Exception):
                    raise each
                yield each

    def close(self) -> None:
        if self._is_own:
            self._spark.stop()


def _rows_or_error(annotator: Annotator, batch: List[Row]) -> Union[List[Row], Exception]:
    """An error that is raised would come back as a text with tracebacks of Python and Java."""
    try:
        return annotator.rows(batch)
    except Exception as err:
        return err


def _first_line(error: Exception) -> str:
    # Errors of Java begin with what was called.
    lines = [line for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "Exception" in line), lines[0] if lines else "")
