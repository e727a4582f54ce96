"""Heads that have no gold annotation in a batch."""

from typing import Any, Callable

from tiny_corpus import make_examples
from training_steps import parameters, train_steps


def test_head_without_gold_is_not_moved(make_nlp: Callable, encoder: Any) -> None:
    """Adam's momentum and weight decay would move it."""
    nlp = make_nlp(encoder=encoder)
    sgd = train_steps(nlp)
    before = parameters(nlp, "ner")
    for _ in range(2):
        nlp.update(make_examples(nlp, keep="tag"), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)
    assert parameters(nlp, "ner") == before
