"""Training, saving, loading and replacing listeners of our model of the stock component."""

import warnings
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from helpers.transformer_pipelines import (
    OURS,
    STRIDED,
    TEXTS,
    make_transformer,
    with_stock_tagger,
)
from thinc.api import Adam
from tiny_corpus import make_examples
from tiny_pipelines import HEADS


def test_stock_heads_train_on_it(encoder_dir: str) -> None:
    nlp = with_stock_tagger(encoder_dir)
    sgd = Adam(0.01)
    for _ in range(60):
        nlp.update(make_examples(nlp), sgd=sgd)
    assert nlp.evaluate(make_examples(nlp))["tag_acc"] == 1.0


def test_saved_and_loaded(encoder_dir: str, tmp_path: Path) -> None:
    nlp = make_transformer(encoder_dir, OURS, {"mtl": "mtl", **HEADS})
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for a, b in zip(nlp.pipe(TEXTS), loaded.pipe(TEXTS)):
        assert [t.tag_ for t in a] == [t.tag_ for t in b]
        numpy.testing.assert_array_equal(a.tensor, b.tensor)


@pytest.mark.parametrize("spans", [None, STRIDED], ids=["windows", "strided"])
def test_replaced_listeners(encoder_dir: str, tmp_path: Path, spans: Any) -> None:
    settings = {} if spans is None else {"get_spans": spans}
    nlp = make_transformer(encoder_dir, OURS, {"mtl": "mtl", **HEADS}, **settings)
    # More than one window.
    text = " ".join(TEXTS * 40)
    (expected,) = nlp.get_pipe("tagger").predict([nlp(text)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nlp.replace_listeners("mtl", "tagger", ["model.tok2vec"])
    doc = nlp.make_doc(text)
    numpy.testing.assert_allclose(nlp.get_pipe("tagger").predict([doc])[0], expected, atol=1e-5)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path).get_pipe("tagger")
    numpy.testing.assert_allclose(loaded.predict([doc])[0], expected, atol=1e-5)


def test_replaced_listener_of_a_stock_component(encoder_dir: str, tmp_path: Path) -> None:
    nlp = with_stock_tagger(encoder_dir)
    text = " ".join(TEXTS * 40)
    expected = [token.tag_ for token in nlp(text)]
    nlp.replace_listeners("transformer", "tagger", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    assert [token.tag_ for token in nlp(text)] == expected
    nlp.to_disk(tmp_path)
    assert [token.tag_ for token in spacy.load(tmp_path)(text)] == expected
