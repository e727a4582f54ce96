"""Kinds of annotation: checking for them and listing their labels."""

from typing import Any, Dict

import pytest
from annotated_docs import make_annotated
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_mtl.tasks.kinds import KINDS, has, has_labels, kinds_among, labels_of


@pytest.fixture
def doc() -> Doc:
    return make_annotated()


def test_a_full_document_has_all_kinds(doc: Doc) -> None:
    assert [kind for kind in KINDS if has(doc, kind)] == list(KINDS)
    assert not [kind for kind in KINDS if has(Doc(Vocab(), words=["Bo", "runs"]), kind)]


LABELS: Dict[str, Any] = {
    "entities": ["PER"],
    "categories": ["sport"],
    "tags": ["NNP", "VBZ", "."],
    "spans": ["CLAUSE"],
    "morphology": ["Number=Sing|POS=PROPN", "POS=VERB", "POS=PUNCT"],
    "dependencies": ["nsubj", "ROOT", "punct"],
    "lemmas": [],
    "parts of speech": [],
    "sentence starts": [],
}


@pytest.mark.parametrize("kind", KINDS)
def test_labels(doc: Doc, kind: str) -> None:
    assert sorted(labels_of(doc, {kind}, None)) == sorted(LABELS[kind])
    assert has_labels({kind}) == bool(LABELS[kind])


def test_labels_of_a_key_of_spans(doc: Doc) -> None:
    assert list(labels_of(doc, {"spans"}, "sc")) == ["CLAUSE"]
    assert list(labels_of(doc, {"spans"}, "other")) == []


def test_kinds_among_attributes() -> None:
    assert kinds_among(["token.tag", "doc.ents", "token.ent_iob", "doc.sents"]) == {
        "tags",
        "entities",
    }
