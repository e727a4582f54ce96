"""Predictions compared with the annotation."""

from typing import Any, List, Optional

import numpy
import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_mtl.heads.events import category_events, entity_events, tag_events

WORDS = ["Ada", "flew", "to", "New", "York"]
ENTITIES = [(0, 1, "PER"), (3, 5, "LOC")]


def example(words: Optional[List[str]] = None, **annotation: Any) -> Example:
    """An example whose gold tokens may differ from the predicted ones."""
    vocab = spacy.blank("en").vocab
    gold = Doc(vocab, words=WORDS)
    if "tags" in annotation:
        gold = Doc(vocab, words=WORDS, tags=annotation["tags"])
    if "ents" in annotation:
        spans = [Span(gold, *ent) for ent in annotation["ents"]]
        gold.set_ents(spans, missing=annotation.get("missing", []), default="outside")
    if "key" in annotation:
        spans = [Span(gold, *ent) for ent in ENTITIES]
        gold.spans[annotation["key"]] = SpanGroup(gold, spans=spans)
    gold.cats = annotation.get("cats", {})
    return Example(Doc(vocab, words=words or WORDS), gold)


@pytest.mark.parametrize("key", [None, "places"])
def test_entities(key: Optional[str]) -> None:
    """Borders and label must be right. The text is the one in which they are found."""
    eg = example(ents=ENTITIES) if key is None else example(key=key)
    found = [(0, 1, "PER", 0.9), (0, 1, "LOC", 0.8), (3, 5, "LOC", 0.7), (4, 5, "LOC", 0.6)]
    events, kept = entity_events([example(ents=[]), eg], [[], found], ["PER", "LOC"], key)
    assert events.confidences.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert events.correct.tolist() == [True, False, True, False]
    assert list(events.labels) == ["PER", "LOC", "LOC", "LOC"]
    assert events.texts.tolist() == [1, 1, 1, 1]
    assert events.n_gold == {"PER": 1, "LOC": 1}
    assert kept.tolist() == [0, 1, 2, 3]


def test_entities_with_other_tokens() -> None:
    """Both have the same characters."""
    eg = example(["Ada", "flew", "to", "New", "Yo", "rk"], ents=ENTITIES)
    eg = Example(
        Doc(eg.x.vocab, words=[*WORDS[:4], "Yo", "rk"], spaces=[True] * 4 + [False] * 2), eg.y
    )
    events, _ = entity_events([eg], [[(3, 6, "LOC", 0.5), (3, 5, "LOC", 0.5)]], ["LOC"], None)
    assert events.correct.tolist() == [True, False]


def test_entities_without_annotation() -> None:
    """They are neither right nor wrong. Gold entities of other heads don't count."""
    eg = example(ents=ENTITIES)
    gold = eg.reference
    gold.set_ents([Span(gold, 3, 5, "LOC")], missing=[gold[0:2]], default="outside")
    found = [[(0, 1, "PER", 0.9), (3, 5, "LOC", 0.7)]]
    events, kept = entity_events([eg], found, ["PER"], None)
    assert events.correct.tolist() == [True]
    assert kept.tolist() == [1]
    assert events.n_gold == {}


def test_tags() -> None:
    eg = example(tags=["NN", "VB", "", "NN", "NN"])
    events, kept = tag_events(
        [eg], [["NN", "NN", "IN", "NN", "NN"]], [[0.9, 0.8, 0.7, None, 0.5]], "tag"
    )
    # One has no annotation, one no confidence.
    assert kept.tolist() == [0, 1, 4]
    assert events.correct.tolist() == [True, False, True]
    assert events.confidences.tolist() == [0.9, 0.8, 0.5]
    assert events.n_gold == {"NN": 2, "VB": 1}


def test_exclusive_categories() -> None:
    """Only texts with one of the labels count."""
    golds = [{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}, {"other": 1.0}]
    probabilities = numpy.asarray([[0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
    events, kept = category_events(
        [example(cats=cats) for cats in golds], probabilities, ["a", "b"], multi_label=False
    )
    assert events.confidences.tolist() == [0.6, 0.7]
    assert events.correct.tolist() == [True, False]
    assert kept.tolist() == [0, 2]
    assert events.n_gold == {"a": 1, "b": 1}


def test_independent_categories() -> None:
    """Each that is annotated counts, positive or not."""
    golds = [{"a": 1.0, "b": 0.0}, {"b": 0.6}, {}]
    probabilities = numpy.asarray([[0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
    events, kept = category_events(
        [example(cats=cats) for cats in golds], probabilities, ["a", "b"], multi_label=True
    )
    assert kept.tolist() == [0, 1, 3]
    assert events.correct.tolist() == [True, False, True]
    assert events.n_gold == {"a": 1, "b": 1}


def test_nothing() -> None:
    none = [
        entity_events([], [], ["PER"], None),
        tag_events([], [], [], "tag"),
        category_events([], numpy.zeros((0, 2)), ["a", "b"], multi_label=False),
    ]
    assert [len(events) for events, _ in none] == [0, 0, 0]
