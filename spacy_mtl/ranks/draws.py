"""Random draws of several ranks: the same for what they share, others for their own texts.

All ranks start from the same state. Corpora, schedules and weightings draw from that, as one
process would. Dropout draws a number for each value of a rank's own texts, so it gets generators of
its own.
"""

import random
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

import numpy

from ..chance import get_chance, set_chance


class Draws:
    """Two states of Python's, numpy's and torch's generators, of which one is in use.

    rank (int): The rank. Together with the state at the first use, it decides on its own draws.
    """

    def __init__(self, rank: int) -> None:
        self._rank = rank
        self._own: Dict[str, Any] = {}
        self._common: Dict[str, Any] = {}
        #: The seed of the training, when it is known, and how often `same` was used.
        self._seed: Optional[int] = None
        self._n_same = 0

    @contextmanager
    def own(self) -> Iterator[None]:
        """Draw from the rank's own generators inside."""
        common = self._common = get_chance()
        if self._own:
            set_chance(self._own)
        else:
            self._start()
        try:
            yield
        finally:
            self._own = get_chance()
            # It may have been used, and moved on, inside.
            common, self._common = self._common, {}
            set_chance(common)

    @contextmanager
    def common(self) -> Iterator[None]:
        """Draw from the common generators, also inside of `own`."""
        if not self._common:
            yield
            return
        own = get_chance()
        set_chance(self._common)
        try:
            yield
        finally:
            self._common = get_chance()
            set_chance(own)

    @contextmanager
    def same(self) -> Iterator[None]:
        """Start torch's generator from a number that all ranks know inside, and leave it as it was.

        Moves no generator: one rank alone would not draw here, either.
        """
        import torch

        self._n_same += 1
        # All GPUs, by default, with a warning.
        devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
        (seed,) = _numbers([self._common_seed(), self._n_same], 1)
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            yield

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The state of the rank's own generators, for msgpack."""
        return {"own": self._own, "n_same": self._n_same, "seed": self._seed}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore a state from `get_state`.

        state (Mapping[str, Any]): The state.
        """
        self._own, self._n_same = dict(state["own"]), int(state["n_same"])
        # Older checkpoints don't have it. Then any that is the same on all ranks will do.
        self._seed = state.get("seed", 0)

    def _common_seed(self) -> int:
        """RETURNS (int): The seed that all ranks started with."""
        import torch

        if self._seed is None:
            # The first use is before the rank draws from its own generators.
            self._seed = torch.initial_seed() % 2**32
        return self._seed

    def _start(self) -> None:
        import torch

        one, two, three = _numbers([self._common_seed(), self._rank], 3)
        random.seed(one)
        numpy.random.seed(two)
        torch.manual_seed(three)


def _numbers(seeds: Sequence[int], n: int) -> List[int]:
    return [int(each) for each in numpy.random.SeedSequence(list(seeds)).generate_state(n)]
