"""Ways to annotate rows by several processes, each timed from its start."""

import json
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

from spacy_mtl.deploy import Annotator
from spacy_mtl.deploy.apply import engine_class
from spacy_mtl.deploy.collection import ROWS_A_BATCH

from ..places import python_path
from ..speed.one import peak_memory

Row = Dict[str, Any]
#: Blocks a worker, for engines that share out blocks: the last ones should end together.
BLOCKS_A_WORKER = 8
SCHEMA = "id bigint, text string"


class Watched(Annotator):
    """An annotator that notes its memory after each batch.

    notes (str): A folder. There is a file for each process.
    """

    def __init__(self, *args: Any, notes: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.notes = notes

    def annotate(self, texts: Sequence[Any]) -> List[Row]:
        """RETURNS (List[Dict[str, Any]]): See `Annotator.annotate`."""
        found = super().annotate(texts)
        note = {"n": len(texts), "used": used_memory(), "peak": peak_memory()}
        with (Path(self.notes) / f"{os.getpid()}.jsonl").open("a", encoding="utf8") as file:
            file.write(json.dumps(note) + "\n")
        return found


def used_memory() -> float:
    """RETURNS (float): The memory that this process uses, in MiB. Linux only."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Timed:
    """One run of a contestant.

    start (float): Seconds until one batch a worker is annotated.
    seconds (float): Seconds for all rows after that.
    rows (List[Dict[str, Any]]): The annotated rows, in order. Empty if it makes none.
    """

    start: float
    seconds: float
    rows: List[Row]


#: Annotates rows by some workers.
Contestant = Callable[[List[Row], Watched, int], Timed]


def batches_of(rows: List[Row]) -> List[List[Row]]:
    """RETURNS (List[List[Dict[str, Any]]]): Batches as `spacy mtl apply` makes them."""
    return [rows[i : i + ROWS_A_BATCH] for i in range(0, len(rows), ROWS_A_BATCH)]


def by_pipe(rows: List[Row], annotator: Watched, n_workers: int) -> Timed:
    """Annotate by `nlp.pipe` with several processes, which makes documents, not rows."""

    def run(some: List[Row]) -> None:
        texts = [row["text"] for row in some]
        for _ in nlp.pipe(texts, batch_size=ROWS_A_BATCH, n_process=n_workers):
            pass

    started = time.perf_counter()
    # The processes are forks of this one, which must have it.
    nlp = annotator.nlp
    loaded = time.perf_counter()
    timed = _each_started(run, rows, n_workers)
    return Timed(timed.start + loaded - started, timed.seconds, timed.rows)


def by_engine(name: str) -> Contestant:
    """RETURNS (Callable): Annotates by an engine of `spacy mtl apply`."""

    def run(rows: List[Row], annotator: Watched, n_workers: int) -> Timed:
        started = time.perf_counter()
        with engine_class(name)(annotator, n_workers) as engine:
            list(engine.run(batches_of(_first(rows, n_workers))))
            ready = time.perf_counter()
            found = [row for batch in engine.run(batches_of(rows)) for row in batch]
            ended = time.perf_counter()
        return Timed(ready - started, ended - ready, found)

    return run


def by_ray_data(rows: List[Row], annotator: Watched, n_workers: int) -> Timed:
    """Annotate by `map_batches` of Ray Data. Each call starts its actors."""
    import ray

    def run(some: List[Row]) -> List[Row]:
        n_blocks = min(len(some), BLOCKS_A_WORKER * n_workers)
        annotated = ray.data.from_items(some, override_num_blocks=n_blocks).map_batches(
            type(annotator),
            fn_constructor_kwargs=vars(annotator),
            batch_size=ROWS_A_BATCH,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=n_workers),
        )
        return sorted(annotated.take_all(), key=lambda row: row["id"])

    started = time.perf_counter()
    settings: Dict[str, Any] = {"include_dashboard": False, "log_to_driver": False}
    ray.init(address="local", num_cpus=n_workers + 1, **settings)
    ray.data.DataContext.get_current().enable_progress_bars = False
    ready = time.perf_counter()
    try:
        timed = _each_started(run, rows, n_workers)
    finally:
        ray.shutdown()
    return Timed(timed.start + ready - started, timed.seconds, timed.rows)


def by_map_in_arrow(rows: List[Row], annotator: Watched, n_workers: int) -> Timed:
    """Annotate by `mapInArrow` of Spark. Its workers stay."""
    from pyspark.sql import SparkSession

    def run(some: List[Row], n_blocks: int) -> List[Row]:
        frame = spark.createDataFrame(some, SCHEMA).repartition(n_blocks)
        after = annotator.spark_schema(SCHEMA)
        annotated = frame.mapInArrow(annotator.in_arrow, after).collect()
        return sorted((row.asDict(recursive=True) for row in annotated), key=lambda row: row["id"])

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    started = time.perf_counter()
    builder: Any = SparkSession.builder
    builder = builder.config("spark.ui.enabled", "false").master(f"local[{n_workers}]")
    spark = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    try:
        run(_first(rows, n_workers), n_workers)
        ready = time.perf_counter()
        found = run(rows, BLOCKS_A_WORKER * n_workers)
        ended = time.perf_counter()
    finally:
        spark.stop()
    return Timed(ready - started, ended - ready, found)


#: By name: what it needs, and how it runs. The first is what others are compared with.
CONTESTANTS: Dict[str, Tuple[str, Contestant]] = {
    "nlp.pipe": ("spacy", by_pipe),
    "apply, local": ("spacy", by_engine("local")),
    "apply, ray": ("ray", by_engine("ray")),
    "apply, spark": ("pyspark", by_engine("spark")),
    "Ray Data, map_batches": ("ray", by_ray_data),
    "Spark, mapInArrow": ("pyspark", by_map_in_arrow),
}


def installed() -> Dict[str, Contestant]:
    """RETURNS (Dict[str, Callable]): The contestants that can run here. Says which can't."""
    found = {}
    for name, (module, contestant) in CONTESTANTS.items():
        if find_spec(module) is None:
            print(f"Left out: {name}. Not installed: {module}")
        else:
            found[name] = contestant
    return found


@contextmanager
def found_by_workers() -> Iterator[None]:
    """Let processes that are started find this package."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = python_path()
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _first(rows: List[Row], n_workers: int) -> List[Row]:
    """RETURNS (List[Dict[str, Any]]): A batch for each worker."""
    return (rows * (1 + n_workers * ROWS_A_BATCH // len(rows)))[: n_workers * ROWS_A_BATCH]


def _each_started(run: Callable[[List[Row]], Any], rows: List[Row], n_workers: int) -> Timed:
    """Time what starts its workers in each call: by another call with few rows."""
    started = time.perf_counter()
    run(rows[:n_workers])
    ready = time.perf_counter()
    found = run(rows) or []
    ended = time.perf_counter()
    start = ready - started
    return Timed(start, max(ended - ready - start, 1e-9), found)
