"""Make a batcher fail if it yields nothing in a pass, instead of looping forever."""

from collections.abc import Sized
from typing import Any, Callable, Iterable, Iterator, List

from spacy.training import Example

from ..corpus.stream import CorpusStream

#: This many texts of a stream without a batch are no coincidence.
_MOST_WITHOUT = 1_000_000


def batcher_that_ends(
    batcher: Callable[[Iterable[Example]], Iterable[List[Example]]],
) -> Callable[[Any], Any]:
    """Make a batcher fail if it yields nothing in a pass, instead of looping forever.

    batcher (Callable): The batcher.
    RETURNS (Callable): The wrapped batcher.
    """

    def make(examples: Any) -> Iterator[List[Example]]:
        given = _Counted(examples)
        held: List[List[Example]] = []
        is_fed = False
        # A stream of our reader is passed on as it is, like a list.
        for batch in batcher(iter(given) if given.is_iterator else examples):
            batch = list(batch)
            has_tokens = any(len(eg) for eg in batch)
            given.n_without = 0 if has_tokens else given.n_without + 1
            given.check()
            is_fed = is_fed or has_tokens
            # Skip empty batches: nothing is learned, and loggers would miss their losses.
            if batch:
                held.append(batch)
            # Hold back batches without tokens until one has some.
            if is_fed:
                yield from held
                held = []
        if not is_fed:
            raise ValueError(_no_batch(f"a whole pass over {_describe(examples, given)}"))

    return make


class _Counted:
    """Counts the texts given to a batcher since its last batch."""

    def __init__(self, examples: Any) -> None:
        # A stream of several corpora is read in batches, not in examples.
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
            raise ValueError(_no_batch(f"{_MOST_WITHOUT:,} texts"))


def _describe(examples: Any, given: _Counted) -> str:
    if given.is_iterator:
        return f"{given.n_given:,} texts"
    return f"{len(examples):,} texts" if isinstance(examples, Sized) else "the corpora"


def _no_batch(of_what: str) -> str:
    return (
        f"The batcher makes no batch with a token from {of_what}. In [training.batcher], raise "
        "'size' or set discard_oversize = false; also check that the corpus that "
        "'train_corpus' in [training] names has texts with tokens."
    )
