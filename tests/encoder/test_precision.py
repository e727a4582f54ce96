"""The numeric precision of the encoder."""

import logging
from typing import List

import numpy
import pytest
import torch
from helpers.inner_encoders import make_encoder
from spacy.tokens import Doc

from spacy_mtl.encoder.precision import uses_bfloat16


@pytest.mark.parametrize("precision", ["bf16", "auto"])
def test_bfloat16(encoder_dir: str, docs: List[Doc], precision: str) -> None:
    exact = numpy.concatenate(make_encoder(encoder_dir).predict(docs))
    encoder = make_encoder(encoder_dir, precision=precision)
    vectors, backprop = encoder.begin_update(docs)
    found = numpy.concatenate(vectors)
    assert found.dtype == "float32"
    numpy.testing.assert_allclose(found, exact, atol=0.1)
    is_exact = numpy.allclose(found, exact, atol=1e-6)
    assert is_exact is not uses_bfloat16(precision, torch.device("cpu"))
    backprop(vectors)
    parameters = list(encoder.shims[0]._model.parameters())
    assert any(p.grad is not None and p.grad.any() for p in parameters)
    assert {p.dtype for p in parameters} == {torch.float32}


def test_int8(encoder_dir: str, docs: List[Doc]) -> None:
    exact = numpy.concatenate(make_encoder(encoder_dir).predict(docs))
    encoder = make_encoder(encoder_dir, precision="int8")
    before = encoder.to_bytes()
    found = numpy.concatenate(encoder.predict(docs))
    filled = abs(exact).max(axis=1) > 0
    assert (abs(found).max(axis=1) > 0).tolist() == filled.tolist()
    cosine = (found * exact).sum(1) / numpy.linalg.norm(found, axis=1).clip(1e-9)
    cosine = cosine[filled] / numpy.linalg.norm(exact, axis=1)[filled]
    assert 0.99 < cosine.min() < 1.0
    assert abs(found - exact).max() > 1e-4
    # The original weights are kept, and are the ones that are saved.
    assert encoder.to_bytes() == before
    with pytest.raises(ValueError, match='"int8" can\'t be trained'):
        encoder.begin_update(docs)


def test_auto_logs_its_choice(caplog: pytest.LogCaptureFixture) -> None:
    uses_bfloat16.cache_clear()
    with caplog.at_level(logging.INFO, logger="spacy"):
        uses_bfloat16("auto", torch.device("cpu"))
        uses_bfloat16("auto", torch.device("cpu"))
    assert len([m for m in caplog.messages if "encoder computes in" in m]) == 1
