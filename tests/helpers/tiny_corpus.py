"""A tiny corpus with tags, entities and categories."""

from typing import List, Optional

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_mtl.types import CORPUS_KEY

TEXTS = [
    ("Anna books a room in Berlin .", "NN VBZ DT NN IN NN .", [(0, 1, "PER"), (5, 6, "LOC")], "a"),
    ("the books of New York are old", "DT NNS IN NN NN VBP JJ", [(3, 5, "LOC")], "b"),
    ("Bo runs to Rome and Anna runs home", "NN VBZ IN NN CC NN VBZ RB", [(0, 1, "PER")], "a"),
    ("old runs", "JJ NNS", [], "b"),
]


def make_docs(nlp: Language) -> List[Doc]:
    """Gold documents with tags, entities and two categories."""
    docs = []
    for text, tags, ents, cat in TEXTS:
        doc = Doc(nlp.vocab, words=text.split(), tags=tags.split())
        doc.set_ents([Span(doc, *ent) for ent in ents], default="outside")
        doc.cats = {label: float(label == cat) for label in "ab"}
        docs.append(doc)
    return docs


def strip(doc: Doc, keep: str) -> Doc:
    """Copy a gold document with one kind of annotation: 'tag', 'ents', 'cats', or '' for none."""
    words = [token.text for token in doc]
    spaces = [bool(token.whitespace_) for token in doc]
    tags = [token.tag_ for token in doc] if keep == "tag" else None
    copied = Doc(doc.vocab, words=words, spaces=spaces, tags=tags)
    if keep == "ents":
        ents = [Span(copied, e.start, e.end, e.label_) for e in doc.ents]
        copied.set_ents(ents, default="outside")
    if keep == "cats":
        copied.cats = dict(doc.cats)
    return copied


def make_examples(nlp: Language, keep: Optional[str] = None) -> List[Example]:
    """The tiny corpus as examples of two corpora, with all annotation or only one kind."""
    docs = make_docs(nlp)
    if keep is not None:
        docs = [strip(doc, keep) for doc in docs]
    for i, doc in enumerate(docs):
        doc.user_data[CORPUS_KEY] = "even" if i % 2 else "odd"
    return [Example(strip(doc, ""), doc) for doc in docs]
