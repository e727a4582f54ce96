"""What an engine is, and what all of them do."""

from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Callable, Deque, Iterable, Iterator, List

from ..annotator import Annotator
from ..collection import Row

#: The number of batches on their way per worker, so that none waits.
AHEAD = 3


class EngineError(ValueError):
    """An engine that can't be used."""


class Engine(ABC):
    """Annotates batches of rows by some workers, each with a pipeline of its own.

    A context: its workers live in it.

    annotator (Annotator): Annotates. Workers get a copy without the pipeline.
    n_workers (int): The number of workers.
    """

    def __init__(self, annotator: Annotator, n_workers: int) -> None:
        """Start the workers.

        RAISES (EngineError): If the engine can't be used.
        """
        self.check()
        self.annotator = annotator
        self.n_workers = n_workers

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    @classmethod  # noqa: B027
    def check(cls) -> None:
        """Look whether what the engine needs is installed. Starts nothing.

        RAISES (EngineError): If something is missing.
        """

    @abstractmethod
    def run(self, batches: Iterable[List[Row]]) -> Iterator[List[Row]]:
        """Annotate batches.

        batches (Iterable[List[Dict[str, Any]]]): The rows. Only some batches are read ahead.
        YIELDS (List[Dict[str, Any]]): The annotated rows, in the same order.
        RAISES (EngineError): If a worker has ended. What `Annotator.rows` raises, as it is.
        """

    @abstractmethod
    def close(self) -> None:
        """End the workers."""


def in_order(
    batches: Iterable[List[Row]],
    submit: Callable[[List[Row]], Any],
    result: Callable[[Any], List[Row]],
    n_ahead: int,
) -> Iterator[List[Row]]:
    """Annotate batches by workers, with a bounded number of them on their way.

    batches (Iterable[List[Dict[str, Any]]]): The batches.
    submit (Callable): Hands one to a worker, and returns a promise.
    result (Callable): Waits for what was promised.
    n_ahead (int): The largest number of promises.
    YIELDS (List[Dict[str, Any]]): The annotated batches, in order.
    """
    promised: Deque[Any] = deque()
    for batch in batches:
        if len(promised) >= n_ahead:
            yield result(promised.popleft())
        promised.append(submit(batch))
    while promised:
        yield result(promised.popleft())
