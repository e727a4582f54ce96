"""Kinds of annotation: whether a text has them, and how they are taken away."""

from typing import Any, Dict

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_mtl.tasks.kinds import KINDS, clear, has, has_labels, kinds_among, labels_of


@pytest.fixture
def doc() -> Doc:
    doc = Doc(
        Vocab(),
        words=["Bo", "runs", "."],
        tags=["NNP", "VBZ", "."],
        pos=["PROPN", "VERB", "PUNCT"],
        morphs=["Number=Sing", "", ""],
        lemmas=["Bo", "run", "."],
        deps=["nsubj", "ROOT", "punct"],
        heads=[1, 1, 1],
        ents=["B-PER", "O", "O"],
    )
    doc.cats = {"sport": 1.0}
    doc.spans["sc"] = [Span(doc, 0, 2, label="CLAUSE")]
    return doc


def test_a_full_document_has_all_kinds(doc: Doc) -> None:
    assert [kind for kind in KINDS if has(doc, kind)] == list(KINDS)
    assert not [kind for kind in KINDS if has(Doc(Vocab(), words=["Bo", "runs"]), kind)]


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_is_cleared(doc: Doc, kind: str) -> None:
    """The others stay; sentence starts come with the dependencies and stay with them."""
    clear(doc, {kind})
    left = [each for each in KINDS if has(doc, each)]
    assert left == [each for each in KINDS if each != kind or kind == "sentence starts"]


def test_sentence_starts_stay_without_dependencies(doc: Doc) -> None:
    clear(doc, {"dependencies"})
    assert [token.is_sent_start for token in doc] == [True, False, False]


def test_all_are_cleared(doc: Doc) -> None:
    clear(doc, KINDS)
    assert not [kind for kind in KINDS if has(doc, kind)]


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
