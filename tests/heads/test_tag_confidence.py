"""Confidences of tags, and the next best tags."""

from typing import Any

import numpy
import pytest
from one_head import make_head
from several_heads import build, examples_of
from spacy.tokens import Doc, Token
from tiny_corpus import make_examples

from spacy_mtl.losses import softmax


def texts_of(head: Any) -> Any:
    nlp = head.pipeline
    return [*(eg.predicted for eg in make_examples(nlp)), nlp.make_doc(""), nlp.make_doc(" \n ")]


def test_confidence_and_next_best() -> None:
    head = make_head("mtl_tagger")
    nlp = head.pipeline
    plain = list(nlp.pipe(texts_of(head)))
    assert not any(doc.user_data for doc in plain)
    head.confidence, head.n_best = True, 3
    docs = list(nlp.pipe(texts_of(head)))
    assert [[t.tag_ for t in doc] for doc in docs] == [[t.tag_ for t in doc] for doc in plain]
    for doc, logits, confidences in zip(docs, head.predict(docs), head.confidences(docs)):
        probabilities = softmax(logits) if len(doc) else logits
        assert len(confidences) == len(doc) == len(doc._.head_n_best)
        for token, row, confidence, best in zip(doc, probabilities, confidences, doc._.head_n_best):
            assert token._.tag_confidence == pytest.approx(row.max())
            assert token._.tag_confidence == pytest.approx(confidence)
            order = numpy.argsort(-row)[:3]
            assert [tag for tag, _ in best] == [head.labels[i] for i in order]
            assert [value for _, value in best] == pytest.approx(row[order])
            assert best[0][0] == token.tag_
    head.n_best = 1000
    assert len(nlp(texts_of(head)[0])._.head_n_best[0]) == len(head.labels)
    assert head.confidences([]) == []


def test_tags_that_were_there() -> None:
    """They stay, and have no confidence, unless they are replaced."""
    head = make_head("mtl_tagger", confidence=True)
    words = ["Anna", "runs", "."]
    doc = head.pipeline(Doc(head.pipeline.vocab, words=words, tags=["X", "", ""]))
    assert [token.tag_ == "X" for token in doc] == [True, False, False]
    assert [token._.tag_confidence is None for token in doc] == [True, False, False]
    head.overwrite = True
    doc = head.pipeline(Doc(head.pipeline.vocab, words=words, tags=["X", "", ""]))
    assert doc[0].tag_ != "X"
    assert doc[0]._.tag_confidence > 0


def test_several_heads() -> None:
    """Each attribute has its own confidence, and each component its own list."""
    settings = {"confidence": True, "n_best": 1}
    nlp = build(
        fine=("mtl_tagger", settings),
        coarse=("mtl_tagger", {**settings, "attribute": "pos"}),
        style=("mtl_tagger", {**settings, "attribute": "_.style_of_tag"}),
    )

    def examples() -> Any:
        found = examples_of(nlp)
        for eg in found:
            for token in eg.reference:
                token._.style_of_tag = token.tag_.lower()
        return found

    nlp.initialize(examples)
    doc = nlp("Anna flies to Rome .")
    for token, fine, coarse, style in zip(
        doc, doc._.fine_n_best, doc._.coarse_n_best, doc._.style_n_best
    ):
        assert [(token.tag_, token._.tag_confidence)] == fine
        assert [(token.pos_, token._.pos_confidence)] == coarse
        assert [(token._.style_of_tag, token._.style_of_tag_confidence)] == style
    assert len({doc[0]._.tag_confidence, doc[0]._.pos_confidence}) == 2


@pytest.mark.parametrize("attribute", ["tag", "pos"])
def test_registered_when_needed(attribute: str) -> None:
    name = f"{attribute}_confidence"
    if Token.has_extension(name):
        Token.remove_extension(name)
    if attribute == "tag":
        head = make_head("mtl_tagger")
    else:
        nlp = build(head=("mtl_tagger", {"attribute": "pos"}))
        head = nlp.get_pipe("head")
    assert not Token.has_extension(name)
    head.confidence = True
    assert Token.has_extension(name)
