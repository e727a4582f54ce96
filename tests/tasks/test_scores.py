"""The keys of scores and their weights, and tasks that set or score the same."""

import warnings
from typing import Any, Dict, List

import pytest
from several_heads import build, examples_of
from spacy.language import Language
from spacy.training import Example

from spacy_mtl.tasks.scores import check_outputs, prefixed, scores_by_task


@pytest.mark.parametrize(
    "heads, message",
    [
        (
            {"one": ("mtl_textcat", {"prefix": "topic:"}), "two": ("mtl_textcat", {})},
            "'one' and 'two' both set \"?'?doc.cats.*'prefix'",
        ),
        ({"one": ("mtl_ner", {}), "two": ("mtl_ner", {})}, "'one' and 'two' both set .*doc.ents"),
        (
            {name: ("mtl_ner", {"spans_key": "events"}) for name in ("one", "two")},
            "heads 'one' and 'two' both set .*doc.spans.*another.* 'spans_key'",
        ),
        (
            {"one": ("mtl_tagger", {}), "two": ("mtl_tagger", {})},
            "both set 'token.tag'.*another 'attribute'",
        ),
        (
            {
                "one": ("mtl_textcat", {"prefix": "topic:", "score_prefix": "x"}),
                "two": ("mtl_textcat", {"prefix": "mood:", "score_prefix": "x"}),
            },
            "both report 'x_cats_.*'score_prefix' in .components.one",
        ),
    ],
)
def test_two_heads_with_one_key(heads: Dict[str, Any], message: str) -> None:
    nlp = build(**heads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with pytest.raises(ValueError, match=message):
            _check(nlp)


def _check(nlp: Language) -> None:
    nlp.initialize(lambda: _exclusive(nlp))
    check_outputs(nlp)


def _exclusive(nlp: Language) -> List[Example]:
    found = examples_of(nlp)
    for eg in found:
        eg.reference.cats = {k: v for k, v in eg.reference.cats.items() if k[0] == "t"} | {
            "mood:bad": 0.0,
            "mood:good": 0.0,
        }
    return found


def test_weights_that_a_user_has_set_stay() -> None:
    nlp = build(
        topic=("mtl_textcat", {"prefix": "topic:"}), mood=("mtl_textcat", {"prefix": "mood:"})
    )
    nlp.config["training"]["score_weights"] = {"topic_cats_score": 1.0}
    nlp.initialize(lambda: examples_of(nlp))
    weights = nlp.config["training"]["score_weights"]
    assert weights["topic_cats_score"] > 0
    assert not weights.get("mood_cats_score")


@pytest.mark.parametrize("given", [{}, {"cats_score": 0.5, "tag_acc": 0.5}])
def test_weight_of_a_key_that_is_split(given: Dict[str, float]) -> None:
    """What was for spaCy's key is for those that are reported instead, in equal parts."""
    heads: Any = {name: ("mtl_textcat", {"prefix": f"{name}:"}) for name in ("topic", "mood")}
    nlp = build(tagger=("mtl_tagger", {}), **heads)
    nlp.config["training"]["score_weights"] = given
    nlp.initialize(lambda: examples_of(nlp))
    weights = nlp.config["training"]["score_weights"]
    assert weights["topic_cats_score"] == weights["mood_cats_score"] > 0.2
    assert not weights["cats_score"]
    assert weights["tag_acc"] > 0.3


def test_weight_of_a_key_that_nobody_reports() -> None:
    nlp = build(topic=("mtl_textcat", {"prefix": "topic:", "score_prefix": "topic"}))
    nlp.config["training"]["score_weights"] = {"topc_cats_score": 1.0}
    with pytest.warns(UserWarning, match="'topc_cats_score'.*Did you mean 'topic_cats_score'"):
        nlp.initialize(lambda: examples_of(nlp))


def test_beside_a_stock_component_of_the_kind() -> None:
    """The stock one keeps spaCy's keys."""
    nlp = build(topic=("mtl_textcat", {"prefix": "topic:"}), stock=("textcat_multilabel", {}))
    nlp.initialize(lambda: examples_of(nlp))
    scores = nlp.evaluate(examples_of(nlp))
    assert scores["topic_cats_score"] is not None
    assert scores["cats_score"] is not None


def test_two_heads_that_set_the_same_are_told_of() -> None:
    """Also without the reader that refuses them."""
    nlp = build(one=("mtl_tagger", {}), two=("mtl_tagger", {}))
    with pytest.warns(UserWarning, match="'two' and 'one' both set 'token.tag'"):
        nlp.initialize(lambda: examples_of(nlp))


def test_scores_of_each_task() -> None:
    """The mean of those that count, by the weights of the factory."""
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
