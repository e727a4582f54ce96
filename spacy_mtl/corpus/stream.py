"""Corpora that are streamed: read again and again, never held in memory."""

import random
from typing import Dict, Iterator, List

from spacy.language import Language
from spacy.training import Example

from .corpus_set import CorpusSet
from .sampler import Sampler


def is_streamed(nlp: Language) -> bool:
    """RETURNS (bool): Whether the config has spaCy stream corpora: else it lists all examples."""
    return nlp.config.interpolate()["training"]["max_epochs"] == -1


class CorpusStream:
    """A pass over corpora in the order that their schedule gives. The next one goes on there.

    nlp (Language): The pipeline.
    corpora (CorpusSet): What reads them.
    sampler (Sampler): What they are drawn by.
    shuffle_buffer (int): From how many examples of a corpus the next is drawn.
    """

    def __init__(
        self, nlp: Language, corpora: CorpusSet, sampler: Sampler, shuffle_buffer: int
    ) -> None:
        self.nlp = nlp
        self.sampler = sampler
        #: Each corpus without end, for a batcher, which draws batches, not examples.
        self.streams: Dict[str, Iterator[Example]] = {
            name: _endless(nlp, corpora, name, shuffle_buffer) for name in corpora.specs
        }

    def __iter__(self) -> Iterator[Example]:
        for _ in range(sum(self.sampler.sizes.values())):
            name = self.sampler.draw()
            self.sampler.note(name)
            yield next(self.streams[name])


def _endless(
    nlp: Language, corpora: CorpusSet, name: str, shuffle_buffer: int
) -> Iterator[Example]:
    """A corpus over and over, each pass drawn from a buffer."""
    # Numbers of its own: each text takes one.
    numbers = random.Random(random.getrandbits(64))
    while True:
        buffer: List[Example] = []
        for example in corpora.read(nlp, name):
            buffer.append(example)
            if len(buffer) >= shuffle_buffer:
                i = numbers.randrange(len(buffer))
                buffer[i], buffer[-1] = buffer[-1], buffer[i]
                yield buffer.pop()
        numbers.shuffle(buffer)
        yield from buffer
