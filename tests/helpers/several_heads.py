"""Several heads in one pipeline, on texts annotated for all of them."""

from typing import Any, List

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from tiny_pipelines import add_joint

WORDS = ["Anna", "flies", "to", "Rome", "."]


def gold(nlp: Language, i: int) -> Doc:
    """Create a text with all annotation. Even and odd texts have different categories."""
    words = [*WORDS, f"w{i % 2}"]
    doc = Doc(nlp.vocab, words=words, tags=["NNP", "VBZ", "IN", "NNP", ".", "X"])
    for token, pos in zip(doc, ["PROPN", "VERB", "ADP", "PROPN", "PUNCT", "X"]):
        token.pos_ = pos
    doc.set_ents([Span(doc, 3, 4, label="LOC")], default="outside")
    doc.spans["events"] = SpanGroup(doc, spans=[Span(doc, 1, 4, label="TRIP")])
    doc.cats = {"topic:air": float(i % 2), "topic:sea": float(1 - i % 2)}
    doc.cats.update({"mood:good": float(1 - i % 2), "mood:bad": float(i % 2)})
    return doc


def examples_of(nlp: Language) -> List[Example]:
    """Four texts."""
    docs = [gold(nlp, i) for i in range(4)]
    return [Example(nlp.make_doc(doc.text), doc) for doc in docs]


def build(**heads: Any) -> Language:
    """Build a pipeline from heads by name: a factory and its settings."""
    nlp = spacy.blank("en")
    fix_random_seed(0)
    add_joint(nlp, None)
    for name, (factory, settings) in heads.items():
        nlp.add_pipe(factory, name=name, config=settings)
    return nlp


def learned(nlp: Language) -> Language:
    """Train the pipeline until it has memorized the texts."""
    nlp.initialize(lambda: examples_of(nlp))
    sgd = Adam(0.01)
    for _ in range(60):
        nlp.update(examples_of(nlp), sgd=sgd)
    return nlp
