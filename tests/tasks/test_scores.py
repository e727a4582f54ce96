"""The scores of tasks and their keys."""

import pytest
from several_heads import build, examples_of

from spacy_mtl.tasks.scores import prefixed, scores_by_task


def test_head_next_to_a_stock_component_of_the_same_kind() -> None:
    """The stock one keeps spaCy's keys."""
    nlp = build(topic=("mtl_textcat", {"prefix": "topic:"}), stock=("textcat_multilabel", {}))
    nlp.initialize(lambda: examples_of(nlp))
    scores = nlp.evaluate(examples_of(nlp))
    assert scores["topic_cats_score"] is not None
    assert scores["cats_score"] is not None


def test_scores_of_each_task() -> None:
    """It is the weighted mean by the factory's score weights."""
    nlp = build(
        topic=("mtl_textcat", {"score_prefix": "topic"}),
        ner=("mtl_ner", {}),
        parser=("parser", {}),
        sentencizer=("sentencizer", {}),
    )
    scores = {"topic_cats_score": 0.5, "ents_f": None, "dep_uas": 0.8, "dep_las": 0.6, "ents_p": 1}
    assert scores_by_task(nlp, scores) == {"topic": 0.5, "parser": pytest.approx(0.7)}


def test_prefixed() -> None:
    assert prefixed({"cats_score": 1.0}, "topic") == {"topic_cats_score": 1.0}
    assert prefixed({"cats_score": 1.0}, "") == {"cats_score": 1.0}
