"""Annotate by actors of Ray."""

import os
import time
from importlib.util import find_spec
from itertools import cycle
from typing import Any, Iterable, Iterator, List

from ..annotator import Annotator
from ..collection import Row
from .contract import AHEAD, Engine, EngineError, in_order

#: How long CPUs are waited for that others use, in seconds.
_PATIENCE = 10.0
#: How long actors are waited for, in seconds. Nodes may have to install what they need first.
_TO_START = 600.0


class RayActors(Engine):
    """Actors of the running Ray cluster, or of one on this machine: see `Engine`."""

    def __init__(self, annotator: Annotator, n_workers: int) -> None:
        super().__init__(annotator, n_workers)
        import ray

        self._ray = ray
        n_threads = annotator.n_threads or 1
        self._is_own = not ray.is_initialized()
        if self._is_own:
            self._start(n_threads * n_workers)
        try:
            self._check_size(n_threads)
        except EngineError:
            if self._is_own:
                ray.shutdown()
            raise
        remote = ray.remote(num_cpus=n_threads)(type(annotator))
        # An annotator keeps what it was made with, and nothing else.
        settings = dict(vars(annotator))
        if os.path.isdir(annotator.pipeline):
            # Workers of a cluster that was started elsewhere are in another folder.
            settings["pipeline"] = os.path.abspath(annotator.pipeline)
        self._actors = [remote.remote(**settings) for _ in range(n_workers)]
        self._check_started(n_threads)

    @classmethod
    def check(cls) -> None:
        if find_spec("ray") is None:
            raise EngineError(
                "Ray isn't installed: pip install 'spacy-mtl[ray]', or use --engine local."
            )

    def run(self, batches: Iterable[List[Row]]) -> Iterator[List[Row]]:
        actors = cycle(self._actors)

        def submit(batch: List[Row]) -> object:
            return next(actors).rows.remote(batch)

        yield from in_order(batches, submit, self._result, AHEAD * self.n_workers)

    def close(self) -> None:
        for actor in self._actors:
            self._ray.kill(actor)
        if self._is_own:
            self._ray.shutdown()

    def _start(self, n_cpus: int) -> None:
        settings = {"log_to_driver": False, "include_dashboard": False, "configure_logging": False}
        try:
            try:
                self._ray.init(num_cpus=n_cpus, **settings)
            # The environment names a cluster, or one was started here: it is used as it is.
            except ValueError:
                self._ray.init(**settings)
        except Exception as err:
            raise EngineError(
                f"Ray can't be started, or reached: {err}. RAY_ADDRESS names the cluster; without, "
                "one is started on this machine."
            ) from err

    def _check_size(self, n_threads: int) -> None:
        """Actors that don't fit would be waited for without an end."""
        n_needed = n_threads * self.n_workers
        asked = f"{self.n_workers} workers of {n_threads} threads were asked for. Use fewer"
        n_cpus = int(self._ray.cluster_resources().get("CPU", 0))
        if n_cpus < n_needed:
            raise EngineError(
                f"The Ray cluster has {n_cpus} CPUs, but {asked} (--n-workers, --n-threads), or "
                "add nodes first."
            )
        # Ray notices a little later what has ended.
        deadline = time.monotonic() + _PATIENCE
        while (n_free := int(self._ray.available_resources().get("CPU", 0))) < n_needed:
            if time.monotonic() > deadline:
                raise EngineError(
                    f"Of the {n_cpus} CPUs of the Ray cluster, {n_free} are free, but {asked} "
                    "(--n-workers, --n-threads), or wait until others are done: `ray status`."
                )
            time.sleep(0.2)

    def _check_started(self, n_threads: int) -> None:
        """The CPUs of several nodes may be enough only together, and one actor is on one node."""
        ready = [actor.__ray_ready__.remote() for actor in self._actors]
        done, _ = self._ray.wait(ready, num_returns=len(ready), timeout=_TO_START)
        if len(done) == len(ready):
            return
        self.close()
        raise EngineError(
            f"Of {len(ready)} workers of Ray, {len(done)} have started in {_TO_START:.0f} seconds. "
            f"Each needs a node with {n_threads} free CPUs: use fewer (--n-workers, --n-threads), "
            "and see `ray status`."
        )

    def _result(self, promise: Any) -> List[Row]:
        errors = self._ray.exceptions
        try:
            return self._ray.get(promise)
        except errors.RayTaskError as err:
            # Its text is a traceback.
            raise err.cause from None
        except errors.RayError as err:
            raise EngineError(f"A worker of Ray has ended: {err}") from err
