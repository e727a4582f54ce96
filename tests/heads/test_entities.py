"""Setting predicted entities."""

from typing import Any, Dict, List

import numpy
import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_mtl.heads.biluo import class_names, spans_of
from spacy_mtl.heads.entities import add_entities, set_entities

LABELS = ["PER", "LOC"]
CLASSES = ["B-PER", "L-PER", "O", "U-LOC", "B-LOC", "I-LOC", "L-LOC"]


def make(nlp: Language, **settings: Any) -> Doc:
    return Doc(nlp.vocab, words=["Anna", "Berg", "saw", "Rome", "New", "York", "City"], **settings)


def annotation(doc: Doc) -> List[Any]:
    return doc.to_array(["ENT_IOB", "ENT_TYPE", "ENT_KB_ID", "ENT_ID"]).tolist()


@pytest.mark.parametrize(
    "before",
    [
        {},
        {"ents": ["O", "O", "O", "O", "O", "B-RULE", "O"]},
        {"ents": ["O"] * 7},
        {"blocked": [slice(3, 4)]},
        {"kb_id": "Q1"},
    ],
)
def test_same_as_adding_them(nlp: Language, before: Dict[str, Any]) -> None:
    docs = [make(nlp, ents=before.get("ents")) for _ in range(2)]
    for doc in docs:
        blocked = [doc[where] for where in before.get("blocked", [])]
        if blocked:
            doc.set_ents([], blocked=blocked, default="unmodified")
        if "kb_id" in before:
            doc.set_ents([Span(doc, 0, 1, "PER", kb_id="Q1")], default="missing")
            doc.set_ents([], default="missing")
    names = class_names(LABELS)
    classes = numpy.asarray([names.index(name) for name in CLASSES])
    set_entities(docs[:1], [classes], LABELS)
    add_entities(docs[1], spans_of(classes, LABELS))
    assert annotation(docs[0]) == annotation(docs[1])
    if not before:
        found = [(ent.text, ent.label_) for ent in docs[0].ents]
        assert found == [("Anna Berg", "PER"), ("Rome", "LOC"), ("New York City", "LOC")]


def test_no_entities_is_annotation_too(nlp: Language) -> None:
    docs = [make(nlp), Doc(nlp.vocab)]
    set_entities(docs, [numpy.zeros(7, "int64"), numpy.zeros(0, "int64")], LABELS)
    assert all(token.ent_iob_ == "O" for token in docs[0])
    assert docs[0].has_annotation("ENT_IOB")
    set_entities([], [], LABELS)


def test_documents_of_other_vocabularies() -> None:
    docs = [Doc(Vocab(), words=["Rome"]) for _ in range(2)]
    set_entities(docs, [numpy.asarray([8])] * 2, LABELS)
    assert [doc.ents[0].label_ for doc in docs] == ["LOC", "LOC"]
