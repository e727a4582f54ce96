"""The parameters of models, and averages of them."""

from pathlib import Path
from typing import Any, Callable

import numpy
import spacy
from encoder_gradients import encoder_values
from predicted_values import predictions
from thinc.api import Adam
from tiny_corpus import make_examples


def test_averages_reach_the_encoder(make_nlp: Callable, encoder: Any, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=encoder)
    sgd = Adam(0.05, use_averages=True)
    for _ in range(4):
        nlp.update(make_examples(nlp), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)
    raw, predicted = encoder_values(nlp), predictions(nlp)
    with nlp.use_params(sgd.averages):
        averaged = encoder_values(nlp)
        nlp.to_disk(tmp_path)
        expected = predictions(nlp)
    assert not numpy.allclose(averaged, raw)
    assert numpy.array_equal(encoder_values(nlp), raw)
    assert predictions(nlp) == predicted
    loaded = spacy.load(tmp_path)
    assert numpy.array_equal(encoder_values(loaded), averaged)
    assert predictions(loaded) == expected


def test_averages_reach_an_encoder_of_its_own(make_nlp: Callable) -> None:
    nlp = make_nlp()
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    sgd = Adam(0.05, use_averages=True)
    for _ in range(3):
        nlp.update(make_examples(nlp), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)
    (shim,) = [shim for node in nlp.get_pipe("ner").model.walk() for shim in node.shims]
    weight = next(iter(shim._model.parameters()))
    raw = weight.detach().numpy().copy()
    with nlp.use_params(sgd.averages):
        assert not numpy.allclose(weight.detach().numpy(), raw)
    assert numpy.array_equal(weight.detach().numpy(), raw)
