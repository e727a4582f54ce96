"""A batcher that makes nothing of a pass would be asked for ever: it fails instead."""

from collections.abc import Sized
from typing import Any, Callable, Iterable, Iterator, List

from spacy.training import Example

from ..corpus.stream import CorpusStream

#: So many texts of a stream without a batch are no coincidence.
_MOST_WITHOUT = 1_000_000


def batcher_that_ends(
    batcher: Callable[[Iterable[Example]], Iterable[List[Example]]],
) -> Callable[[Any], Any]:
    """Have a batcher fail where it makes nothing of a pass: it would be asked for ever.

    batcher (Callable): The batcher.
    RETURNS (Callable): The same, but for that.
    """

    def make(examples: Any) -> Iterator[List[Example]]:
        given = _Given(examples)
        held: List[List[Example]] = []
        is_fed = False
        # A stream of our reader is no more than a list of others.
        for batch in batcher(iter(given) if given.is_iterator else examples):
            batch = list(batch)
            has_tokens = any(len(eg) for eg in batch)
            given.n_without = 0 if has_tokens else given.n_without + 1
            given.check()
            is_fed = is_fed or has_tokens
            # An empty one is no step: nothing is learned, and loggers would miss its losses.
            if batch:
                held.append(batch)
            # Those without a token are held back till it is known that they are not all.
            if is_fed:
                yield from held
                held = []
        if not is_fed:
            raise ValueError(_nothing(f"a whole pass over {_told_of(examples, given)}"))

    return make


class _Given:
    """Counts what is given to a batcher since its last batch."""

    def __init__(self, examples: Any) -> None:
        # A stream of several corpora is asked for batches, not for examples.
        self.is_iterator = not isinstance(examples, (Sized, CorpusStream))
        self.n_given = self.n_without = 0
        self._examples = examples

    def __iter__(self) -> Iterator[Example]:
        for example in self._examples:
            self.n_given += 1
            self.n_without += 1
            self.check()
            yield example

    def check(self) -> None:
        if self.n_without > _MOST_WITHOUT:
            raise ValueError(_nothing(f"{_MOST_WITHOUT:,} texts"))


def _told_of(examples: Any, given: _Given) -> str:
    if given.is_iterator:
        return f"{given.n_given:,} texts"
    return f"{len(examples):,} texts" if isinstance(examples, Sized) else "the corpora"


def _nothing(of_what: str) -> str:
    return (
        f"The batcher makes no batch with a token of {of_what}. Look at [training.batcher]: raise "
        "its 'size', or set discard_oversize = false there; and whether the corpus that "
        "'train_corpus' in [training] names has texts with tokens."
    )
