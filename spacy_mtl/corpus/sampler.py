"""Draw from corpora according to a schedule."""

import random
from array import array
from itertools import chain
from typing import Any, Dict, Iterator, Optional, Sequence
from weakref import WeakKeyDictionary

from ..types import Progress, Schedule
from .example import CorpusExample, Origin
from .shares import normalized

#: By the origin of the examples, as long as the reader or one of its examples lives. Needed by
#: batchers that get a list: spaCy lists and shuffles the reader's examples.
_SAMPLERS: "WeakKeyDictionary[Origin, Sampler]" = WeakKeyDictionary()


def sampler_of(example: Any) -> Optional["Sampler"]:
    """Find the sampler that draws from an example's corpora.

    example (Any): An example.
    RETURNS (Optional[Sampler]): None unless it comes from a reader with a schedule.
    """
    return _SAMPLERS.get(example.origin) if isinstance(example, CorpusExample) else None


class Sampler:
    """Draws corpora by asking the schedule before each batch, and counts what was given."""

    def __init__(
        self, schedule: Schedule, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]
    ) -> None:
        """Initialize the sampler.

        schedule (Schedule): The schedule.
        sizes (Dict[str, int]): The number of examples in each corpus.
        tasks (Dict[str, Sequence[str]]): The tasks annotated in each corpus.
        RAISES (ValueError): If the schedule does not fit the corpora.
        """
        self.schedule = schedule
        self.sizes = sizes
        self.tasks = tasks
        self.step = 0
        self._given: Dict[str, float] = dict.fromkeys(sizes, 0)
        self._credits = dict.fromkeys(sizes, 0.0)
        #: A separate generator, so that a replay doesn't need to ask the schedule again.
        self._random = random.Random(random.getrandbits(64))
        #: The draws so far, and those to repeat before the schedule is asked again: the index of
        #: each batch's corpus, or for mixed batches the share of each corpus.
        self._drawn = array("H")
        self._mixes = array("d")
        self._ahead: Iterator[Any] = iter(())
        schedule.check(sizes, tasks)

    def serve(self, origin: Origin) -> None:
        """Register the sampler for the examples of a reader: see `sampler_of`.

        origin (Origin): The origin of the examples.
        """
        _SAMPLERS[origin] = self

    def draw(self) -> str:
        """RETURNS (str): The corpus of the next batch."""
        for corpus in self._ahead:
            return corpus
        shares = self.shares(mixed=False)
        self.step += 1
        drawn = self._random.choices(list(shares), list(shares.values()))[0]
        self._drawn.append(list(self.sizes).index(drawn))
        return drawn

    def open_mixed(self) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): The shares of the corpora in the next batch."""
        for shares in self._ahead:
            return dict(shares)
        shares = self.shares(mixed=True)
        self.step += 1
        self._mixes.extend(shares.get(corpus, 0.0) for corpus in self.sizes)
        return shares

    def draw_example(self, shares: Dict[str, float]) -> str:
        """Choose the corpus of the next example in a mixed batch.

        Not random: takes the corpus that is furthest behind its share.

        shares (Dict[str, float]): The shares, summing to 1.
        RETURNS (str): The corpus.
        """
        for corpus, share in shares.items():
            self._credits[corpus] += share
        drawn = max(shares, key=self._credits.__getitem__)
        self._credits[drawn] -= 1.0
        return drawn

    def note(self, corpus: str, n_examples: float = 1) -> None:
        """Count examples that were given.

        corpus (str): The corpus.
        n_examples (float): The number of examples.
        """
        self._given[corpus] += n_examples

    def shares(self, mixed: bool) -> Dict[str, float]:
        """Ask the schedule for the shares of the next batch.

        mixed (bool): Whether the shares hold inside the batch.
        RETURNS (Dict[str, float]): The shares above 0, summing to 1, in config order.
        RAISES (ValueError): If there are none, or one is for an unknown corpus or below 0.
        """
        passes = {corpus: n / max(1, self.sizes[corpus]) for corpus, n in self._given.items()}
        progress = Progress(self.step, passes, self.sizes, self.tasks, self._random, mixed)
        title = self.schedule.title
        return normalized(self.schedule(progress), self.sizes, title, self.step)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The draws so far, and the state of the schedule."""
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
        """Continue from a state returned by `get_state`.

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
        """Prepare to repeat the draws that led to a state, before setting it.

        The schedule isn't asked meanwhile: it would need the losses and scores again.

        state (Dict[str, Any]): A state from `get_state`.
        RAISES (ValueError): If the number of texts in a corpus has changed.
        """
        before = state["sizes"]
        changed = [
            f"'{name}' {before.get(name)}, now {n}"
            for name, n in self.sizes.items()
            if before.get(name) != n
        ]
        if changed:
            raise ValueError(
                "The corpora have changed since this training began: texts of "
                f"{', '.join(changed)}."
            )
        corpora = list(self.sizes)
        drawn = (corpora[i] for i in array("H", state["drawn"]))
        shares = iter(array("d", state["mixes"]))
        # Take as many at a time as there are corpora.
        mixes = (
            {corpus: share for corpus, share in zip(corpora, mix) if share}
            for mix in zip(*[shares] * len(corpora))
        )
        self._ahead = chain(drawn, mixes)
