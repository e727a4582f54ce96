"""The head for independent categories."""

import numpy
import pytest
from learning_heads import build, example, learn
from spacy.language import Language
from tiny_corpus import make_examples


def test_multilabel_categories(nlp: Language) -> None:
    examples = [example(nlp, "x y", cats={"a": 1.0, "b": 1.0}), example(nlp, "z", cats={"b": 0.0})]
    head = build("mtl_textcat_multilabel", examples, nlp)
    loss, d_scores = head.loss_of(examples, numpy.zeros((2, 2), dtype="f"))
    assert loss.n_units == 3
    assert not d_scores[1, head.labels.index("a")]
    assert d_scores[1, head.labels.index("b")] > 0
    learn(nlp, examples)
    assert nlp("x y").cats["a"] > 0.5
    assert nlp("z").cats["b"] < 0.5
    assert nlp.evaluate(examples)["cats_micro_f"] == 1.0


@pytest.mark.parametrize("value", [2.0, -1.0, float("nan")])
def test_multilabel_refuses_other_values(nlp: Language, value: float) -> None:
    head = build("mtl_textcat_multilabel", make_examples(nlp), nlp)
    with pytest.raises(ValueError, match=r"from 0.0 to 1.0"):
        head.loss_of([example(nlp, "x y", cats={"a": value})], numpy.zeros((1, 2), dtype="f"))


def test_threshold_counts_in_scores(nlp: Language) -> None:
    examples = [example(nlp, "x y", cats={"a": 1.0, "b": 0.0})]
    head = build("mtl_textcat_multilabel", examples, nlp, threshold=1.0)
    assert nlp.evaluate(examples)["cats_micro_r"] == 0.0
    head.cfg["threshold"] = 0.0
    assert nlp.evaluate(examples)["cats_micro_r"] == 1.0
