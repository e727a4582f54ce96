"""Texts and batches as real data has them."""

import warnings
from typing import Any, Callable, List

import numpy
import pytest
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam
from tiny_corpus import make_examples


def blank(nlp: Language, *texts: str) -> List[Example]:
    """Examples without any annotation."""
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in texts]


def step(nlp: Language, examples: List[Example]) -> Any:
    losses = nlp.update(examples, sgd=False)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(Adam(0.01))
    return losses


@pytest.mark.parametrize(
    "texts",
    [
        [""],
        ["", ""],
        ["", "Anna runs", ""],
        ["a"],
        [" "],
        ["\n\n \t"],
        ["😀 👩‍👩‍👧 runs"],
        ["é́́"],
        ["x" * 3000],
    ],
    ids=lambda texts: repr(texts)[:20],
)
def test_odd_texts(make_nlp: Callable, encoder: Any, texts: List[str]) -> None:
    nlp = make_nlp(encoder=encoder)
    docs = list(nlp.pipe(texts))
    for doc in docs:
        assert sum(doc.cats.values()) == pytest.approx(1.0, abs=1e-4)
        assert all(token.tag_ for token in doc)
        assert len(nlp(doc.text)) == len(doc)
    step(nlp, blank(nlp, *texts))
    step(nlp, [*blank(nlp, *texts), *make_examples(nlp)])
    step(nlp, make_examples(nlp))


def test_no_documents(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    assert list(nlp.pipe([])) == []
    assert nlp.update([], sgd=False) == {}


def test_batch_without_annotation_moves_no_head(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    before = {name: pipe.model.to_bytes() for name, pipe in nlp.pipeline}
    losses = step(nlp, blank(nlp, "Anna runs", "home"))
    assert {losses[name] for name in ("mtl", "tagger", "ner", "textcat")} == {0.0}
    for name in ("tagger", "ner", "textcat"):
        assert nlp.get_pipe(name).model.to_bytes() == before[name]


def test_every_pipe_reports_a_loss(make_nlp: Callable, encoder: Any) -> None:
    """spaCy's console logger reads losses[name] of every trainable pipe."""
    nlp = make_nlp(encoder=encoder)
    losses = nlp.update(blank(nlp, ""), sgd=False)
    assert {"mtl", "tagger", "ner", "textcat"} <= set(losses)


def test_misaligned_tokens(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    gold = {"words": ["Anna", "runshome"], "spaces": [True, False], "tags": ["NN", "VBZ"]}
    predicted = Doc(nlp.vocab, words=["Anna", "runs", "home"], spaces=[True, False, False])
    losses = step(nlp, [Example.from_dict(predicted, {**gold, "entities": ["U-PER", "O"]})])
    assert losses["tagger"] > 0


@pytest.mark.slow
def test_long_document(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    doc = Doc(nlp.vocab, words=["runs", "Anna"] * 10_000)
    for _, pipe in nlp.pipeline:
        doc = pipe(doc)
    assert all(token.tag_ for token in doc)
    copied = Doc(nlp.vocab, words=[token.text for token in doc])
    gold = Doc(nlp.vocab, words=[token.text for token in doc], tags=["VBZ", "NN"] * 10_000)
    losses = step(nlp, [Example(copied, gold)])
    assert numpy.isfinite(losses["mtl"])


def test_no_warning_in_plain_training(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module="spacy_mtl")
        step(nlp, make_examples(nlp))
        step(nlp, blank(nlp, "Anna runs"))
