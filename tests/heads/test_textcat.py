"""The head for exclusive categories."""

from typing import Any, Dict

import numpy
import pytest
from learning_heads import build, example, learn
from spacy.language import Language
from tiny_corpus import make_examples
from tiny_pipelines import add_joint


@pytest.mark.parametrize(
    "cats,label",
    [({"a": 1.0, "b": 0.0}, "a"), ({"b": 1.0}, "b"), ({"a": 0.0, "b": 0.0}, None), ({}, None)],
)
def test_exclusive_categories(nlp: Language, cats: Dict[str, float], label: Any) -> None:
    examples = [example(nlp, "x y", cats=cats)]
    head = build("mtl_textcat", make_examples(nlp), nlp)
    loss, d_scores = head.loss_of(examples, numpy.zeros((1, 2), dtype="f"))
    assert loss.n_units == (label is not None)
    if label is not None:
        assert d_scores[0, head.labels.index(label)] == pytest.approx(-0.5)


@pytest.mark.parametrize("cats", [{"a": 1.0, "b": 1.0}, {"a": 0.4, "b": 0.6}])
def test_exclusive_categories_refuse_others(nlp: Language, cats: Dict[str, float]) -> None:
    head = build("mtl_textcat", make_examples(nlp), nlp)
    with pytest.raises(ValueError, match="mtl_textcat_multilabel"):
        head.loss_of([example(nlp, "x y", cats=cats)], numpy.zeros((1, 2), dtype="f"))


def test_two_heads_of_exclusive_categories(nlp: Language) -> None:
    cats = {"a": 1.0, "b": 0.0, "good": 0.0, "bad": 1.0}
    add_joint(nlp, None)
    nlp.add_pipe("mtl_textcat", name="topic")
    nlp.add_pipe("mtl_textcat", name="mood")
    components = nlp.config["initialize"]["components"]
    components["topic"] = {"labels": ["a", "b"]}
    components["mood"] = {"labels": ["good", "bad"]}
    examples = [example(nlp, "x y", cats=cats)]
    nlp.initialize(lambda: examples)
    learn(nlp, examples)
    found = nlp("x y").cats
    assert found["a"] > 0.5
    assert found["bad"] > 0.5


def test_no_positive_category_does_not_count_in_scores(nlp: Language) -> None:
    examples = [example(nlp, "x", cats={"a": 0.0, "b": 0.0})]
    build("mtl_textcat", make_examples(nlp), nlp)
    assert not nlp.evaluate(examples)["cats_micro_f"]


@pytest.mark.parametrize("cats", [{"a": 0.0, "b": 0.0, "NEW": 1.0}, {"NEW": 1.0}])
def test_unknown_category_does_not_count_in_scores(nlp: Language, cats: Dict[str, float]) -> None:
    examples = make_examples(nlp)
    build("mtl_textcat", examples, nlp)
    learn(nlp, examples)
    unknown = [example(nlp, text, cats=cats) for text in ("old runs", "Anna books", "x y")]
    with pytest.warns(UserWarning, match="label 'NEW'"):
        assert nlp.evaluate([*examples, *unknown])["cats_micro_f"] == 1.0


def test_categories_of_two_heads_without_labels(nlp: Language) -> None:
    with pytest.raises(
        ValueError, match=r"belong to another head.*initialize.components.head.labels"
    ):
        build("mtl_textcat", [example(nlp, "x", cats={"a": 1.0, "c": 1.0})], nlp)


def test_one_exclusive_category(nlp: Language) -> None:
    with pytest.raises(ValueError, match="only one label, 'a'.*mtl_textcat_multilabel"):
        build("mtl_textcat", [example(nlp, "x", cats={"a": 1.0})], nlp)
