"""The entity head: what it learns from and what it sets."""

import warnings

import numpy
import pytest
from learning_heads import build, learn
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from tiny_corpus import make_examples


def test_missing_entities_are_masked(nlp: Language) -> None:
    words = "Bo saw Rome twice"
    half = Doc(nlp.vocab, words=words.split())
    half.set_ents([Span(half, 0, 1, "PER")], outside=[half[1:2]], default="missing")
    nothing = Doc(nlp.vocab, words=words.split())
    examples = [Example(Doc(nlp.vocab, words=words.split()), doc) for doc in (half, nothing)]
    head = build("mtl_ner", examples, nlp)
    scores = [numpy.zeros((4, 5), dtype="f") for _ in examples]
    loss, d_scores = head.loss_of(examples, scores)
    assert loss.n_units == 2
    assert [row.any() for row in d_scores[0]] == [True, True, False, False]
    assert not d_scores[1].any()


def test_no_entities_is_annotation(nlp: Language) -> None:
    empty = Doc(nlp.vocab, words=["a", "b"])
    empty.set_ents([], default="outside")
    examples = [*make_examples(nlp), Example(Doc(nlp.vocab, words=["a", "b"]), empty)]
    head = build("mtl_ner", examples, nlp)
    loss, _ = head.loss_of(examples[-1:], [numpy.zeros((2, len(head.classes())), dtype="f")])
    assert loss.n_units == 2


def test_entities_are_learned_and_overlap_is_dropped(nlp: Language) -> None:
    examples = make_examples(nlp)
    head = build("mtl_ner", examples, nlp)
    learn(nlp, examples)
    assert [(e.text, e.label_) for e in nlp("the books of New York are old").ents] == [
        ("New York", "LOC")
    ]
    doc = nlp.make_doc("the books of New York are old")
    doc.set_ents([Span(doc, 4, 6, "RULE")])
    doc = nlp.get_pipe("mtl")(doc)
    assert [e.label_ for e in head(doc).ents] == ["RULE"]


def test_blocked_tokens_stay_blocked(nlp: Language) -> None:
    head = build("mtl_ner", make_examples(nlp), nlp)
    head.model.get_ref("output_layer").get_param("b")[4::4] = 50.0  # U- everywhere
    doc = nlp.get_pipe("mtl")(nlp.make_doc("Anna runs home"))
    doc.set_ents([], blocked=[doc[0:2]], default="unmodified")
    assert [ent.text for ent in head(doc).ents] == ["home"]
    assert [token.ent_iob for token in doc] == [3, 3, 3]


def test_entities_do_not_start_or_end_with_whitespace(nlp: Language) -> None:
    head = build("mtl_ner", make_examples(nlp), nlp)
    head.model.get_ref("output_layer").get_param("b")[1:] = 50.0
    for text in ("New  York ", " \n ", "a \n b"):
        for ent in nlp(text).ents:
            assert not ent[0].is_space
            assert not ent[-1].is_space


def test_misaligned_entity_warns_and_is_left_out(nlp: Language) -> None:
    reference = Doc(nlp.vocab, words=["Ber", "lin", "is"], spaces=[False, True, False])
    reference.set_ents([Span(reference, 0, 1, "LOC")], default="outside")
    misaligned = Example(Doc(nlp.vocab, words=["Berlin", "is"], spaces=[True, False]), reference)
    head = build("mtl_ner", make_examples(nlp), nlp)
    scores = [numpy.zeros((2, len(head.classes())), dtype="f")]
    with pytest.warns(UserWarning, match="'Ber' in 'Berlin is'.*left out"):
        loss, _ = head.loss_of([misaligned], scores)
    assert loss.n_units == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        head.loss_of([misaligned], scores)
