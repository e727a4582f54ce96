"""Empty batches, and texts without tokens."""

import math
from typing import Any

import pytest
from four_heads import build, numbers
from one_head import make_head
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from tiny_pipelines import FOUR_HEADS, inner


def replaced(nlp: Language) -> Language:
    for name in FOUR_HEADS:
        nlp.replace_listeners("mtl", name, ["model.tok2vec"])
    return nlp


@pytest.fixture(
    scope="module",
    params=["CNN", "embedded", "transformer", "own CNN", "own embedded", "own transformer"],
)
def any_nlp(request: pytest.FixtureRequest, encoder_dir: str) -> Language:
    kinds = {"CNN": None, "embedded": inner(encoder_dir), "transformer": encoder_dir}
    pipeline = build(kinds[request.param.removeprefix("own ")])
    return replaced(pipeline) if request.param.startswith("own") else pipeline


@pytest.mark.parametrize("name", FOUR_HEADS)
def test_nothing(any_nlp: Language, name: str) -> None:
    head: Any = any_nlp.get_pipe(name)
    scores = head.predict([])
    assert len(scores) == 0
    head.set_annotations([], scores)
    assert head.get_loss([], scores)[0] == 0.0
    assert len(head.get_loss([], scores)[1]) == 0
    assert head.update([]) == {name: 0.0}
    assert not any(numbers(head.score([])))
    assert list(head.pipe([])) == []


@pytest.mark.parametrize("name", FOUR_HEADS)
def test_no_token(any_nlp: Language, name: str) -> None:
    head: Any = any_nlp.get_pipe(name)
    empty = Doc(any_nlp.vocab)
    alone = head.predict([empty, Doc(any_nlp.vocab)])
    assert len(alone) == 2
    head.set_annotations([empty, Doc(any_nlp.vocab)], alone)
    eg = Example(Doc(any_nlp.vocab), Doc(any_nlp.vocab))
    assert math.isfinite(head.get_loss([eg], alone[:1])[0])
    assert head.update([eg]) == {name: 0.0}
    # With other texts in the batch, too.
    doc, other = any_nlp.pipe(["", "old runs"])
    if head.unit == "doc":
        assert {label: doc.cats[label] for label in head.labels} == pytest.approx(
            {label: empty.cats[label] for label in head.labels}
        )
    assert len(other) == 2


@pytest.mark.parametrize("factory", FOUR_HEADS.values())
@pytest.mark.parametrize("n_empty", [0, 1, 3])
def test_no_words(factory: str, n_empty: int) -> None:
    head = make_head(factory)
    nlp = head.pipeline
    docs = [nlp.make_doc("") for _ in range(n_empty)]
    for doc in docs:
        nlp.get_pipe("mtl").set_annotations([doc], nlp.get_pipe("mtl").predict([doc]))
    scores = head.predict(docs)
    assert len(scores) == n_empty
    head.set_annotations(docs, scores)
    examples = [Example(doc, nlp.make_doc("")) for doc in docs]
    loss, d_scores = head.get_loss(examples, scores)
    assert loss == 0.0
    assert len(d_scores) == n_empty
    assert head.update(examples, sgd=False) == {"head": 0.0}
    assert not any(value for value in head.score(examples).values() if value != {})
    assert nlp.update(examples, sgd=False) is not None
    assert list(head.pipe(docs)) == docs
    assert list(nlp.pipe([""] * n_empty)) is not None
