"""Heads that are given an encoder of their own."""

import warnings
from pathlib import Path
from typing import Any, Callable, List

import numpy
import pytest
import spacy
from encoder_gradients import encoder_values
from encoders_by_place import PLACES, build_at
from predicted_values import predictions
from spacy.language import Language
from spacy.training import Example
from tiny_corpus import make_examples
from tiny_pipelines import HEADS
from training_steps import parameters, train_steps


def test_replace_listeners(make_nlp: Callable, encoder: Any, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    expected = predictions(nlp)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    assert nlp.get_pipe("mtl").tasks == ["tagger", "textcat"]
    assert predictions(nlp) == expected
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert predictions(loaded) == expected
    before = parameters(loaded, "ner")
    shared_before = encoder_values(loaded)
    train_steps(loaded, 2)
    assert parameters(loaded, "ner") != before
    assert not numpy.array_equal(encoder_values(loaded), shared_before)


def test_replaced_encoder_is_a_model_of_its_own(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    ids = [node.id for _, pipe in nlp.pipeline for node in pipe.model.walk()]
    shims = [s.id for _, pipe in nlp.pipeline for node in pipe.model.walk() for s in node.shims]
    assert len(ids) == len(set(ids))
    assert len(shims) == len(set(shims))


def test_source_a_replaced_head(make_nlp: Callable, encoder: Any) -> None:
    source = make_nlp(encoder=encoder)
    train_steps(source)
    expected = [p[1] for p in predictions(source)]
    source.replace_listeners("mtl", "ner", ["model.tok2vec"])
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", source=source)
    assert [p[1] for p in predictions(nlp)] == expected


def examples_of(nlp: Language, texts: List[str]) -> List[Example]:
    docs = map(nlp.make_doc, texts)
    return [
        Example.from_dict(
            doc, {"tags": ["NN"] * len(doc), "entities": ["O"] * len(doc), "cats": {"a": 1, "b": 0}}
        )
        for doc in docs
    ]


@pytest.mark.parametrize("texts", [[""], ["", ""], ["", "anna"], ["anna", ""], [" "], []])
@pytest.mark.parametrize("where", PLACES)
def test_heads_on_their_own(where: str, texts: List[str], encoder_dir: str, tmp_path: Path) -> None:
    nlp = build_at(encoder_dir, where)
    nlp.initialize(lambda: make_examples(nlp))
    expected = [(d.tensor.tolist(), dict(d.cats)) for d in nlp.pipe(["anna books"])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for head in HEADS:
            nlp.replace_listeners("mtl", head, ["model.tok2vec"])
    nlp.to_disk(tmp_path)
    for each in (nlp, spacy.load(tmp_path)):
        docs = list(each.pipe(["anna books"]))
        found = [(d.tensor.tolist(), dict(d.cats)) for d in docs]
        assert numpy.allclose(found[0][0], expected[0][0], atol=1e-5)
        assert found[0][1] == pytest.approx(expected[0][1], abs=1e-5)
        assert [doc.text for doc in each.pipe(texts)] == texts
        if texts:
            each.update(examples_of(each, texts))
