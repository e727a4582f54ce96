"""Aligning gold annotation to the predicted tokens."""

from typing import Any, List

import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_mtl.heads.alignment import aligned_entities, aligned_strings

NLP = spacy.blank("en")
WORDS = st.sampled_from(["a", "New", "york", "x.", " ", "\n\n", "don't", "ﬁ"])


@st.composite
def examples(draw: Any) -> Example:
    """Partly annotated with tags and entities, with the same or other tokens."""
    words: List[str] = draw(st.lists(WORDS, max_size=8))
    spaces = [draw(st.booleans()) for _ in words]
    vocab = draw(st.sampled_from([NLP.vocab, Vocab()]))
    gold = Doc(vocab, words, spaces, tags=[draw(st.sampled_from(["", "X", "Y"])) for _ in words])
    ents, blocked, outside = [], [], []
    start = 0
    while start < len(gold):
        end = draw(st.integers(start + 1, len(gold)))
        span = Span(gold, start, end, draw(st.sampled_from(["P", "L"])))
        kind = draw(st.sampled_from(["entity", "outside", "missing", "blocked"]))
        edges = {gold[start].text.isspace(), gold[end - 1].text.isspace()}
        if kind == "entity" and edges == {False}:
            ents.append(span)
        elif kind == "outside":
            outside.append(span)
        elif kind == "blocked":
            blocked.append(span)
        start = end
    default = draw(st.sampled_from(["outside", "missing"]))
    if len(gold):
        gold.set_ents(ents, outside=outside, blocked=blocked, default=default)
    same = Doc(NLP.vocab, words, spaces)
    return Example(draw(st.sampled_from([same, NLP.make_doc(gold.text)])), gold)


@given(examples())
def test_same_alignment_as_spacy(example: Example) -> None:
    assert aligned_strings(example, "TAG") == example.get_aligned("TAG", as_string=True)
    ents, classes = aligned_entities(example)
    expected, expected_classes = example.get_aligned_ents_and_ner()
    assert classes == expected_classes
    assert [(e.start, e.end, e.label_) for e in ents] == [
        (e.start, e.end, e.label_) for e in expected
    ]
