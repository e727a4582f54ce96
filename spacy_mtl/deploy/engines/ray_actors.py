"""Annotate by actors of Ray."""

from itertools import cycle
from typing import Any, Iterable, Iterator, List

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
        self._actors = [remote.remote(**_settings(annotator)) for _ in range(n_workers)]

    def run(self, batches: Iterable[List[Row]]) -> Iterator[List[Row]]:
        actors = cycle(self._actors)

        def submit(batch: List[Row]) -> Any:
            return next(actors).rows.remote(batch)

        yield from in_order(batches, submit, self._ray.get, AHEAD * self.n_workers)

    def close(self) -> None:
        for actor in self._actors:
            self._ray.kill(actor)
        if self._is_own:
            self._ray.shutdown()


def _settings(annotator: Annotator) -> Any:
    return {
        "pipeline": annotator.pipeline,
        "fields": annotator.fields,
        "text": annotator.text,
        "batch_size": annotator.batch_size,
        "n_threads": annotator.n_threads,
        "exclude": annotator.exclude,
    }
