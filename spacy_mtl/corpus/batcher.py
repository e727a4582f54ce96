"""Batches of one corpus each, or of all, as the schedule of the corpora says."""

import random
from itertools import islice
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

from spacy.training import Example

from ..hints import shortened
from ..registry import register
from ..settings import takes
from .mixer import Mixer

#: What [training.batcher] takes: from examples to lists of them.
Batcher = Callable[[Iterable[Example]], Iterable[List[Example]]]


@register("batchers", "spacy_mtl.CorpusBatcher.v1")
def create_corpus_batcher(batcher: Batcher, mixed: bool = False) -> Batcher:
    """Create a batcher that draws from corpora by their schedule.

    For the examples of a spacy_mtl.MultiCorpus.v1, listed (max_epochs >= 0) or streamed (-1).
    An epoch has as many examples as all corpora together; which ones, the schedule says.

    batcher (Callable): What makes batches of a size, such as spacy.batch_by_words.v1. It gets
        a corpus pass by pass, so that no batch has a text twice.
    mixed (bool): Whether the shares of the schedule hold inside every batch; else each batch
        is of one corpus, drawn by its share. (A batcher that sorts by length, such as
        spacy.batch_by_padded.v1, mixes over its buffer; a corpus with fewer texts than its
        share of a batch, or of that buffer, has some of them more than once.)
    """
    if isinstance(batcher, CorpusBatcher) or not takes(batcher, 1):
        raise ValueError(
            f"'batcher' of spacy_mtl.CorpusBatcher.v1 is {shortened(batcher)}, but it is what "
            "makes batches of a size. Set [training.batcher.batcher] to @batchers = "
            '"spacy.batch_by_words.v1", or another of spaCy\'s.'
        )
    return CorpusBatcher(batcher, mixed)


class CorpusBatcher:
    """Draws batches from corpora: see `create_corpus_batcher`."""

    def __init__(self, batcher: Batcher, mixed: bool = False) -> None:
        self.batcher = batcher
        self.mixed = mixed
        self._sources: Dict[str, Iterator[Example]] = {}
        self._piles: Dict[str, "_Pile"] = {}
        self._batches: Dict[str, Iterator[List[Example]]] = {}
        self._mixer: Optional[Mixer] = None
        self._shares: Dict[str, float] = {}

    def __call__(self, examples: Iterable[Example]) -> Iterator[List[Example]]:
        """Make the batches of an epoch.

        examples (Iterable[Example]): What the reader gave, or a list of it.
        YIELDS (List[Example]): Batches.
        RAISES (ValueError): If they are of another reader.
        """
        mixer, n_examples = self._open(examples)
        if mixer is not self._mixer:
            self._mixer = mixer
            self._batches = {}
        n_given = 0
        while n_given < n_examples:
            batch = self._next_mixed(mixer) if self.mixed else self._next_of_one(mixer)
            n_given += len(batch)
            yield batch

    def _open(self, examples: Any) -> Any:
        streams = getattr(examples, "streams", None)
        if streams is not None:
            self._sources = streams
            return examples.mixer, sum(examples.mixer.sizes.values())
        found: Dict[str, List[Example]] = {}
        examples = list(examples)
        for example in examples:
            if getattr(example, "mixer", None) is None:
                raise ValueError(
                    "spacy_mtl.CorpusBatcher.v1 draws from corpora by a schedule. Set @readers = "
                    '"spacy_mtl.MultiCorpus.v1" in [corpora.train] and @mtl_schedules, such as '
                    '"spacy_mtl.Proportional.v1", in [corpora.train.schedule]; or take another '
                    "batcher in [training.batcher]."
                )
            found.setdefault(example.corpus, []).append(example)
        if not examples:
            raise ValueError(
                "spacy_mtl.CorpusBatcher.v1 gets no examples in a pass. Look at the corpus that "
                "'train_corpus' in [training] names."
            )
        mixer = examples[0].mixer
        if self._mixer is not mixer:
            self._piles = {name: _Pile() for name in mixer.sizes}
        for name, pile in self._piles.items():
            pile.refill = found.get(name, [])
        self._sources = dict(self._piles)
        return mixer, len(examples)

    def _next_of_one(self, mixer: Mixer) -> List[Example]:
        name = mixer.draw()
        found = self._next(name, lambda: islice(self._sources[name], mixer.sizes[name]))
        mixer.note(name, len(found))
        return found

    def _next_mixed(self, mixer: Mixer) -> List[Example]:
        self._shares = mixer.open_mixed()
        n_examples = sum(mixer.sizes.values())
        found = self._next("", lambda: islice(self._mix(mixer), n_examples))
        for example in found:
            mixer.note(example.corpus)  # type: ignore[attr-defined]
        return found

    def _next(self, name: str, begin_pass: Callable[[], Iterator[Example]]) -> List[Example]:
        """The next batch of a corpus (or of the mix of all), in this pass or the next."""
        for is_new in (False, True):
            if is_new:
                self._batches[name] = self._make_batches(begin_pass())
            # Empty ones are none: they do not end a pass.
            batch = next(filter(None, self._batches.get(name, iter(()))), None)
            if batch:
                return batch
        of_what = f"the corpus '{name}'" if name else "the corpora"
        raise ValueError(
            f"The batcher makes no batch of {of_what}: it "
            "leaves out every text. Raise its 'size' in [training.batcher.batcher], or set "
            "discard_oversize = false there."
        )

    def _make_batches(self, examples: Iterator[Example]) -> Iterator[List[Example]]:
        source = _Source(examples)
        try:
            for batch in self.batcher(source):
                if not isinstance(batch, (list, tuple)):
                    raise TypeError(f"it gives a {type(batch).__name__} for a list of examples")
                yield list(batch)
        except Exception as err:
            if err is source.error:
                raise
            raise ValueError(
                "The batcher in [training.batcher.batcher] fails: "
                f"{str(err).rstrip('.')}. Mend its "
                "settings, such as 'size', a number of 1 or more."
            ) from err

    def _mix(self, mixer: Mixer) -> Iterator[Example]:
        while True:
            yield next(self._sources[mixer.draw_example(self._shares)])


class _Source:
    """Examples for a batcher. It remembers an error of theirs, which is none of the batcher's."""

    def __init__(self, examples: Iterator[Example]) -> None:
        self.examples = examples
        self.error: Optional[Exception] = None

    def __iter__(self) -> Iterator[Example]:
        return self

    def __next__(self) -> Example:
        try:
            return next(self.examples)
        except StopIteration:
            raise
        except Exception as err:
            self.error = err
            raise


class _Pile:
    """The examples of a corpus in memory, again and again, each pass in another order."""

    def __init__(self) -> None:
        #: What the next passes are of.
        self.refill: List[Example] = []
        self._rest: List[Example] = []
        # Numbers of its own: a pass takes none of those that whoever draws again has to keep.
        self._random = random.Random(random.getrandbits(64))

    def __iter__(self) -> Iterator[Example]:
        return self

    def __next__(self) -> Example:
        if not self._rest:
            self._rest = list(self.refill)
            self._random.shuffle(self._rest)
        return self._rest.pop()
