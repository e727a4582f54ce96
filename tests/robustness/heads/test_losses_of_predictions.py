"""The loss of a head's predictions equals the training loss."""

import math
from typing import Any

import numpy
import pytest
from four_heads import example
from one_head import make_head
from spacy.language import Language
from tiny_corpus import make_examples
from tiny_pipelines import FOUR_HEADS


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", FOUR_HEADS)
def test_loss_of_a_prediction(nlp: Language, name: str) -> None:
    """`get_loss` accepts the output of `predict` and gives the same loss as for logits."""
    head: Any = nlp.get_pipe(name)
    egs = make_examples(nlp)
    for eg in egs:
        eg.reference.cats.update({"p": 1.0, "q": 0.3})
    docs = [nlp.get_pipe("mtl")(eg.predicted) for eg in egs]
    loss, d_scores = head.get_loss(egs, head.predict(docs))
    logits = head.model.predict(docs)
    expected, d_expected = head.compute_loss(egs, logits)
    assert loss == pytest.approx(expected.value, rel=1e-4)
    for one, other in zip(d_scores, d_expected):
        assert numpy.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("name", ["textcat", "multi"])
def test_logits_are_not_probabilities(nlp: Language, name: str) -> None:
    head: Any = nlp.get_pipe(name)
    for row in ([3.0, -1.0], [math.nan, 0.0]):
        with pytest.raises(
            ValueError,
            match=f"'{name}' takes the probabilities that 'predict' returns.*compute_loss",
        ):
            head.get_loss(make_examples(nlp)[:1], numpy.asarray([row], dtype="f"))


@pytest.mark.parametrize("name", ["textcat", "multi"])
def test_certain_predictions_have_a_loss(nlp: Language, name: str) -> None:
    head: Any = nlp.get_pipe(name)
    labels = dict(zip(head.labels, (1.0, 0.0)))
    for row in ([0.0, 1.0], [1.0, 0.0]):
        loss, d_scores = head.get_loss([example(nlp, labels)], numpy.asarray([row], dtype="f"))
        assert math.isfinite(loss)
        assert numpy.isfinite(d_scores).all()


@pytest.mark.parametrize("factory", FOUR_HEADS.values())
def test_loss_of_predictions_equals_the_training_loss(factory: str) -> None:
    head = make_head(factory)
    nlp = head.pipeline
    examples = make_examples(nlp)
    losses = nlp.update(examples, sgd=False)
    docs = list(nlp.pipe([eg.predicted.copy() for eg in examples]))
    loss, d_scores = head.get_loss(examples, head.predict(docs))
    assert loss == pytest.approx(losses["head"], rel=1e-5)
    expected = head.loss_of(examples, head.model.predict(docs))[1]
    for found, row in zip(d_scores, expected):
        numpy.testing.assert_allclose(found, row, atol=1e-6)
