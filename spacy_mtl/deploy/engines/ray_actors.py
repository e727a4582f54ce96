"""Annotate by actors of Ray."""

from itertools import cycle
from typing import Iterable, Iterator, List

from ..annotator import Annotator
from ..collection import Row
from .contract import AHEAD, Engine, EngineError, in_order


class RayActors(Engine):
    """Actors of the running Ray cluster, or of one on this machine: see `Engine`."""

    def __init__(self, annotator: Annotator, n_workers: int) -> None:
        super().__init__(annotator, n_workers)
        try:
            import ray
        except ImportError as err:
            raise EngineError(
                "Ray isn't installed: pip install 'spacy-mtl[ray]', or use --engine local."
            ) from err
        self._ray = ray
        self._is_own = not ray.is_initialized()
        if self._is_own:
            # A cluster that the environment names is used as it is.
            ray.init(log_to_driver=False, include_dashboard=False, configure_logging=False)
        remote = ray.remote(num_cpus=annotator.n_threads or 1)(Annotator)
        # An annotator keeps what it was made with, and nothing else.
        self._actors = [remote.remote(**vars(annotator)) for _ in range(n_workers)]

    def run(self, batches: Iterable[List[Row]]) -> Iterator[List[Row]]:
        actors = cycle(self._actors)

        def submit(batch: List[Row]) -> object:
            return next(actors).rows.remote(batch)

        yield from in_order(batches, submit, self._ray.get, AHEAD * self.n_workers)

    def close(self) -> None:
        for actor in self._actors:
            self._ray.kill(actor)
        if self._is_own:
            self._ray.shutdown()
