"""Gold for some tasks only, and what it gives the encoder."""

from typing import Any, List, Sequence

import numpy
from encoder_gradients import clear_gradient, encoder_gradient, encoder_values
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed
from tiny_corpus import make_docs, strip

#: Of the heads, such that each is told from the others.
WEIGHTS = {"tagger": 0.5, "ner": 2.0, "textcat": 3.0}


def gradient_of(nlp: Language, examples: Sequence[Example], **kwargs: Any) -> numpy.ndarray:
    """The encoder's gradient after one update, from zero, with the random numbers of seed 0."""
    clear_gradient(nlp)
    fix_random_seed(0)
    nlp.update(examples, sgd=False, **kwargs)
    return encoder_gradient(nlp)


def assert_moved(nlp: Language, before: numpy.ndarray, gradient: numpy.ndarray) -> None:
    """The encoder took one step of `descend` along a gradient."""
    moved = before - encoder_values(nlp)
    error = numpy.linalg.norm(moved - gradient) / numpy.linalg.norm(gradient)
    # Float32 parameters of size 1 lose digits of a small step.
    assert error < 1e-3


def gold(nlp: Language, *kinds: str) -> List[Example]:
    """Examples that are annotated for some tasks only."""
    examples = []
    for doc in make_docs(nlp):
        kept = strip(doc, "tag" if "tagger" in kinds else "")
        if "ner" in kinds:
            spans = [Span(kept, e.start, e.end, e.label_) for e in doc.ents]
            kept.set_ents(spans, default="outside")
        if "textcat" in kinds:
            kept.cats = dict(doc.cats)
        words = [token.text for token in doc]
        spaces = [bool(token.whitespace_) for token in doc]
        examples.append(Example(Doc(nlp.vocab, words=words, spaces=spaces), kept))
    return examples
