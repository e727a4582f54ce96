"""Make batches from one corpus each, or from all, as the schedule says."""

from itertools import islice
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

from spacy.training import Example

from ..hints import shortened
from ..registry import register
from ..settings import takes
from .pile import Pile
from .sampler import Sampler, sampler_of
from .stream import CorpusStream

CORPUS_BATCHER = "spacy_mtl.CorpusBatcher.v1"

#: The type of [training.batcher]: takes examples and yields lists of them.
Batcher = Callable[[Iterable[Example]], Iterable[List[Example]]]


@register("batchers", CORPUS_BATCHER)
def create_corpus_batcher(batcher: Batcher, mixed: bool = False) -> Batcher:
    """Create a batcher that draws from corpora according to their schedule.

    Works with the examples of spacy_mtl.MultiCorpus.v1, listed (max_epochs >= 0) or streamed (-1).
    An epoch has as many examples as all corpora together; the schedule decides which ones.

    batcher (Callable): A batcher that controls the batch size, such as spacy.batch_by_words.v1.
        It gets a corpus pass by pass, so that no batch contains a text twice.
    mixed (bool): Whether the shares of the schedule hold inside every batch. If False, each
        batch comes from one corpus, drawn by its share. (A batcher that sorts by length, such
        as spacy.batch_by_padded.v1, mixes over its buffer. If a corpus has fewer texts than its
        share of a batch or buffer, some are repeated.)
    """
    if isinstance(batcher, CorpusBatcher) or not takes(batcher, 1):
        raise ValueError(
            f"'batcher' of spacy_mtl.CorpusBatcher.v1 is {shortened(batcher)}, but must be a "
            "function that makes batches. Set [training.batcher.batcher] to @batchers = "
            '"spacy.batch_by_words.v1", or another spaCy batcher.'
        )
    return CorpusBatcher(batcher, mixed)


class CorpusBatcher:
    """A batcher that draws from corpora: see `create_corpus_batcher`."""

    def __init__(self, batcher: Batcher, mixed: bool = False) -> None:
        self.batcher = batcher
        self.mixed = mixed
        #: Each corpus as an endless iterator, and its batches, pass by pass.
        self._sources: Dict[str, Iterator[Example]] = {}
        self._batches: Dict[str, Iterator[List[Example]]] = {}
        #: For listed corpora only: their sampler and their examples.
        self._sampler: Optional[Sampler] = None
        self._piles: Dict[str, Pile] = {}
        self._shares: Dict[str, float] = {}

    def __call__(self, examples: Iterable[Example]) -> Iterator[List[Example]]:
        """Make the batches of an epoch.

        examples (Iterable[Example]): The reader's examples, as returned or as a list.
        YIELDS (List[Example]): The batches.
        RAISES (ValueError): If the examples come from another reader.
        """
        if isinstance(examples, CorpusStream):
            sampler = self._open_stream(examples)
            n_examples = sum(sampler.sizes.values())
        else:
            listed = list(examples)
            sampler = self._open_list(listed)
            n_examples = len(listed)
        n_given = 0
        while n_given < n_examples:
            batch = self._next_mixed(sampler) if self.mixed else self._next_of_one(sampler)
            n_given += len(batch)
            yield batch

    def _open_stream(self, stream: CorpusStream) -> Sampler:
        if self._sources is not stream.streams:
            self._sources = stream.streams
            self._batches = {}
        return stream.sampler

    def _open_list(self, examples: List[Any]) -> Sampler:
        if not examples:
            raise ValueError(
                "spacy_mtl.CorpusBatcher.v1 gets no examples in a pass. Check the corpus that "
                "'train_corpus' in [training] names."
            )
        sampler = sampler_of(examples[0])
        if sampler is None or any(sampler_of(example) is None for example in examples):
            raise ValueError(
                "spacy_mtl.CorpusBatcher.v1 draws from corpora by a schedule. Set @readers = "
                '"spacy_mtl.MultiCorpus.v1" in [corpora.train] and @mtl_schedules, such as '
                '"spacy_mtl.Proportional.v1", in [corpora.train.schedule], or use another '
                "batcher in [training.batcher]."
            )
        if sampler is not self._sampler:
            self._sampler = sampler
            self._piles = {name: Pile() for name in sampler.sizes}
            self._batches = {}
        found: Dict[str, List[Example]] = {}
        for example in examples:
            found.setdefault(example.corpus, []).append(example)
        for name, pile in self._piles.items():
            pile.refill = found.get(name, [])
        self._sources = dict(self._piles)
        return sampler

    def _next_of_one(self, sampler: Sampler) -> List[Example]:
        name = sampler.draw()
        found = self._next(name, lambda: islice(self._sources[name], sampler.sizes[name]))
        sampler.note(name, len(found))
        return found

    def _next_mixed(self, sampler: Sampler) -> List[Example]:
        self._shares = sampler.open_mixed()
        n_examples = sum(sampler.sizes.values())
        found = self._next("", lambda: islice(self._mix(sampler), n_examples))
        for example in found:
            sampler.note(example.corpus)  # type: ignore[attr-defined]
        return found

    def _next(self, name: str, begin_pass: Callable[[], Iterator[Example]]) -> List[Example]:
        """Get the next batch of a corpus (or of the mix of all), in this pass or the next."""
        for is_new in (False, True):
            if is_new:
                self._batches[name] = self._make_batches(begin_pass())
            # Skip empty batches: they don't end a pass.
            batch = next(filter(None, self._batches.get(name, iter(()))), None)
            if batch:
                return batch
        of_what = f"the corpus '{name}'" if name else "the corpora"
        raise ValueError(
            f"The batcher makes no batch of {of_what}: it "
            "skips every text. Raise its 'size' in [training.batcher.batcher], or set "
            "discard_oversize = false there."
        )

    def _make_batches(self, examples: Iterator[Example]) -> Iterator[List[Example]]:
        source = _Source(examples)
        try:
            for batch in self.batcher(source):
                if not isinstance(batch, (list, tuple)):
                    raise TypeError(
                        f"it gives a {type(batch).__name__} instead of a list of examples"
                    )
                yield list(batch)
        except Exception as err:
            if err is source.error:
                raise
            raise ValueError(
                "The batcher in [training.batcher.batcher] failed: "
                f"{str(err).rstrip('.')}. Fix its "
                "settings, such as 'size', a number >= 1."
            ) from err

    def _mix(self, sampler: Sampler) -> Iterator[Example]:
        while True:
            yield next(self._sources[sampler.draw_example(self._shares)])


class _Source:
    """Examples for a batcher. Remembers their errors, to tell them from the batcher's own."""

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
