"""Annotate in this process, or in some others on this machine."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Iterable, Iterator, List, Optional

from ...interrupts import terminate_without
from ..annotator import Annotator
from ..collection import Row
from .contract import AHEAD, Engine, EngineError, in_order


class Local(Engine):
    """Processes on this machine: see `Engine`. A single worker is this process itself."""

    def __init__(self, annotator: Annotator, n_workers: int) -> None:
        super().__init__(annotator, n_workers)
        self._pool: Optional[ProcessPoolExecutor] = None
        if n_workers > 1:
            # Threads of libraries don't survive a fork.
            context = multiprocessing.get_context("spawn")
            # If this process is killed, they would wait for rows: each also holds the writing end.
            watched: Any = {"initializer": terminate_without, "initargs": (os.getpid(),)}
            self._pool = ProcessPoolExecutor(n_workers, mp_context=context, **watched)

    def run(self, batches: Iterable[List[Row]]) -> Iterator[List[Row]]:
        if self._pool is None:
            yield from map(self.annotator.rows, batches)
            return
        pool = self._pool

        def submit(batch: List[Row]) -> Any:
            with _told():
                return pool.submit(self.annotator.rows, batch)

        yield from in_order(batches, submit, _result_of, AHEAD * self.n_workers)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def _result_of(promised: Any) -> List[Row]:
    with _told():
        rows: List[Row] = promised.result()
        return rows


@contextmanager
def _told() -> Iterator[None]:
    """Say what may have ended a worker. Found when rows are sent, or when they are awaited."""
    try:
        yield
    except BrokenProcessPool as err:
        raise EngineError(
            "A worker has ended. If that was not you, memory may have run out: use fewer workers "
            "(--n-workers), or smaller batches (--batch-size). --resume goes on."
        ) from err
