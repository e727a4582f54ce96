"""Annotate by tasks of Spark."""

import os
import shutil
import sys
from itertools import islice
from typing import Any, Iterable, Iterator, List

from ..annotator import Annotator
from ..collection import Row
from .contract import AHEAD, Engine, EngineError

_JAVA = (
    "Spark needs Java, but there is no command 'java', nor JAVA_HOME. Install it, such as by "
    "`apt-get install openjdk-17-jre-headless`, or use --engine local."
)


class SparkTasks(Engine):
    """Tasks of the running Spark session, or of one on this machine: see `Engine`.

    Python workers of Spark are used again, so each loads the pipeline once.
    """

    def __init__(self, annotator: Annotator, n_workers: int) -> None:
        super().__init__(annotator, n_workers)
        try:
            from pyspark.sql import SparkSession
        except ImportError as err:
            raise EngineError(
                "Spark isn't installed: pip install 'spacy-mtl[spark]', or use --engine local."
            ) from err
        if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
            raise EngineError(_JAVA)
        # By default, Spark takes the first python3 that it finds.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        self._is_own = SparkSession.getActiveSession() is None
        builder: Any = SparkSession.builder
        if self._is_own and "SPARK_REMOTE" not in os.environ:
            builder = builder.config("spark.ui.enabled", "false")
            builder = builder.config("spark.ui.showConsoleProgress", "false")
            if "MASTER" not in os.environ and "SPARK_MASTER" not in os.environ:
                builder = builder.master(f"local[{n_workers}]")
        self._spark = builder.getOrCreate()
        self._spark.sparkContext.setLogLevel("ERROR")

    def run(self, batches: Iterable[List[Row]]) -> Iterator[List[Row]]:
        waiting = iter(batches)
        # A task per batch. Tasks of the same size end together, so waves are long.
        while wave := list(islice(waiting, 4 * AHEAD * self.n_workers)):
            given = self._spark.sparkContext.parallelize(wave, len(wave))
            yield from given.map(self.annotator.rows).collect()

    def close(self) -> None:
        if self._is_own:
            self._spark.stop()
