"""[training.score_weights] when heads get separate score keys."""

from typing import Any, Dict

import pytest
from several_heads import build, examples_of


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
    """The weight of spaCy's key is split equally between the keys that replace it."""
    heads: Any = {name: ("mtl_textcat", {"prefix": f"{name}:"}) for name in ("topic", "mood")}
    nlp = build(tagger=("mtl_tagger", {}), **heads)
    nlp.config["training"]["score_weights"] = given
    nlp.initialize(lambda: examples_of(nlp))
    weights = nlp.config["training"]["score_weights"]
    assert weights["topic_cats_score"] == weights["mood_cats_score"] > 0.2
    assert not weights["cats_score"]
    assert weights["tag_acc"] > 0.3


def test_weight_of_a_key_that_no_component_reports() -> None:
    nlp = build(topic=("mtl_textcat", {"prefix": "topic:", "score_prefix": "topic"}))
    nlp.config["training"]["score_weights"] = {"topc_cats_score": 1.0}
    with pytest.warns(UserWarning, match="'topc_cats_score'.*Did you mean 'topic_cats_score'"):
        nlp.initialize(lambda: examples_of(nlp))
