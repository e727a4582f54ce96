"""Stream corpora: read them repeatedly, without holding them in memory."""

import random
from typing import Dict, Iterator, List

from spacy.language import Language
from spacy.training import Example

from .corpus_set import CorpusSet
from .sampler import Sampler


def is_streamed(nlp: Language) -> bool:
    """RETURNS (bool): Whether spaCy streams corpora with this config, instead of listing them."""
    return nlp.config.interpolate()["training"]["max_epochs"] == -1


class CorpusStream:
    """A pass over corpora in the order of their schedule. The next pass continues from there.

    nlp (Language): The pipeline.
    corpora (CorpusSet): The corpora.
    sampler (Sampler): Draws from the corpora.
    shuffle_buffer (int): The number of examples per corpus to draw the next one from.
    """

    def __init__(
        self, nlp: Language, corpora: CorpusSet, sampler: Sampler, shuffle_buffer: int
    ) -> None:
        self.nlp = nlp
        self.sampler = sampler
        #: Endless iterators over each corpus, for a batcher that draws batches, not examples.
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
    """Repeat a corpus endlessly, drawing each pass from a buffer."""
    # A separate generator, as each text takes a number.
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
