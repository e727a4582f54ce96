"""Draws from corpora as a schedule says."""

import random
from array import array
from itertools import chain
from typing import Any, Dict, Iterator, Optional, Sequence
from weakref import WeakKeyDictionary

from ..types import Progress, Schedule
from .example import CorpusExample, Origin
from .shares import normalized

#: By the reader that examples come from, as long as there is one of them, or the reader. For a
#: batcher that gets a list: spaCy has made it of what the reader gave, and shuffled it.
_SAMPLERS: "WeakKeyDictionary[Origin, Sampler]" = WeakKeyDictionary()


def sampler_of(example: Any) -> Optional["Sampler"]:
    """Find what draws from the corpora of an example.

    example (Any): An example.
    RETURNS (Optional[Sampler]): None if it is not from a reader of corpora with a schedule.
    """
    return _SAMPLERS.get(example.origin) if isinstance(example, CorpusExample) else None


class Sampler:
    """Asks the schedule before each batch, and keeps count."""

    def __init__(
        self, schedule: Schedule, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]
    ) -> None:
        """Initialise the sampler.

        schedule (Schedule): The schedule.
        sizes (Dict[str, int]): The examples of each corpus.
        tasks (Dict[str, Sequence[str]]): The tasks that each annotates.
        RAISES (ValueError): If the schedule does not fit the corpora.
        """
        self.schedule = schedule
        self.sizes = sizes
        self.tasks = tasks
        self.step = 0
        self._given: Dict[str, float] = dict.fromkeys(sizes, 0)
        self._credits = dict.fromkeys(sizes, 0.0)
        #: Of its own, so that whoever draws batches again need not ask the schedule again.
        self._random = random.Random(random.getrandbits(64))
        #: What was drawn, and what is to be drawn before the schedule is asked again: of each
        #: batch the number of its corpus, or of mixed ones the share of each.
        self._drawn = array("H")
        self._mixes = array("d")
        self._ahead: Iterator[Any] = iter(())
        schedule.check(sizes, tasks)

    def serve(self, origin: Origin) -> None:
        """Have it found by the examples of a reader: see `sampler_of`.

        origin (Origin): The origin of the examples.
        """
        _SAMPLERS[origin] = self

    def draw(self) -> str:
        """RETURNS (str): The corpus that the next batch is of."""
        for corpus in self._ahead:
            return corpus
        shares = self.shares(mixed=False)
        self.step += 1
        drawn = self._random.choices(list(shares), list(shares.values()))[0]
        self._drawn.append(list(self.sizes).index(drawn))
        return drawn

    def open_mixed(self) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): The shares that hold inside the next batch."""
        for shares in self._ahead:
            return dict(shares)
        shares = self.shares(mixed=True)
        self.step += 1
        self._mixes.extend(shares.get(corpus, 0.0) for corpus in self.sizes)
        return shares

    def draw_example(self, shares: Dict[str, float]) -> str:
        """Say which corpus the next example of a mixed batch is of.

        Not drawn by lot: the one that is furthest behind its share.

        shares (Dict[str, float]): Summing to 1.
        RETURNS (str): The corpus.
        """
        for corpus, share in shares.items():
            self._credits[corpus] += share
        drawn = max(shares, key=self._credits.__getitem__)
        self._credits[drawn] -= 1.0
        return drawn

    def note(self, corpus: str, n_examples: float = 1) -> None:
        """Count examples that were given.

        corpus (str): Of which corpus.
        n_examples (float): How many.
        """
        self._given[corpus] += n_examples

    def shares(self, mixed: bool) -> Dict[str, float]:
        """Ask the schedule for the shares of the next batch.

        mixed (bool): Whether they are to hold inside of it.
        RETURNS (Dict[str, float]): Those above 0, summing to 1, in the order of the config.
        RAISES (ValueError): If there is none, or one is unknown or below 0.
        """
        passes = {corpus: n / max(1, self.sizes[corpus]) for corpus, n in self._given.items()}
        progress = Progress(self.step, passes, self.sizes, self.tasks, self._random, mixed)
        title = self.schedule.title
        return normalized(self.schedule(progress), self.sizes, title, self.step)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What was drawn, and what the schedule has learned."""
        version, numbers, gauss = self._random.getstate()
        return {
            "step": self.step,
            "sizes": dict(self.sizes),
            "given": dict(self._given),
            "credits": dict(self._credits),
            "drawn": self._drawn.tobytes(),
            "mixes": self._mixes.tobytes(),
            "random": [version, list(numbers), gauss],
            "schedule": self.schedule.get_state(),
        }

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave.

        state (Dict[str, Any]): The state.
        """
        self.step = state["step"]
        self._given, self._credits = dict(state["given"]), dict(state["credits"])
        self._drawn, self._mixes = array("H", state["drawn"]), array("d", state["mixes"])
        self._ahead = iter(())
        version, numbers, gauss = state["random"]
        self._random.setstate((version, tuple(numbers), gauss))
        if state["schedule"] is not None:
            self.schedule.set_state(state["schedule"])

    def replay(self, state: Dict[str, Any]) -> None:
        """Draw once more what was drawn until a state, then set the state.

        Meanwhile the schedule is not asked: it would have to be told losses and scores.

        state (Dict[str, Any]): What `get_state` gave.
        RAISES (ValueError): If corpora have another number of texts than then.
        """
        before = state["sizes"]
        changed = [
            f"'{name}' {before.get(name)}, now {n}"
            for name, n in self.sizes.items()
            if before.get(name) != n
        ]
        if changed:
            raise ValueError(
                "The corpora are not those that this training began with: texts of "
                f"{', '.join(changed)}."
            )
        corpora = list(self.sizes)
        drawn = (corpora[i] for i in array("H", state["drawn"]))
        shares = iter(array("d", state["mixes"]))
        # As many at a time as there are corpora.
        mixes = (
            {corpus: share for corpus, share in zip(corpora, mix) if share}
            for mix in zip(*[shares] * len(corpora))
        )
        self._ahead = chain(drawn, mixes)
