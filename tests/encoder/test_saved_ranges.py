"""Ranges of activations that are saved with an encoder."""

from pathlib import Path
from typing import Any, List

import numpy
import pytest
import srsly
from helpers.inner_encoders import make_encoder
from spacy.tokens import Doc

from spacy_mtl.encoder.calibration import calibrate, read_batches
from spacy_mtl.encoder.saved import problems_of_shim
from spacy_mtl.encoder.saved_ranges import RANGES
from spacy_mtl.encoder.transformer import TransformerEncoder


@pytest.fixture
def encoder(encoder_dir: str, docs: List[Doc]) -> Any:
    """An encoder in int8, where the last layer isn't."""
    encoder = make_encoder(encoder_dir, precision="int8")
    objects = encoder.shims[0]._hfmodel
    batches = read_batches(docs, objects.tokenizer, objects.transformer)
    ranges = calibrate(objects.transformer, batches)
    encoder.shims[0].ranges = dict(list(ranges.items())[:-1])
    return encoder


def predicted(encoder: Any, docs: List[Doc]) -> numpy.ndarray:
    return numpy.concatenate(encoder.predict(docs))


def test_round_trips(encoder: Any, encoder_dir: str, docs: List[Doc], tmp_path: Path) -> None:
    expected = predicted(encoder, docs)
    exact = predicted(make_encoder(encoder_dir), docs)
    dynamic = predicted(make_encoder(encoder_dir, precision="int8"), docs)
    assert abs(expected - exact).max() > 1e-5
    assert abs(expected - dynamic).max() > 1e-5
    data = encoder.to_bytes()
    loaded = TransformerEncoder(encoder_dir, precision="int8").from_bytes(data)
    numpy.testing.assert_array_equal(predicted(loaded, docs), expected)
    again = TransformerEncoder(encoder_dir, precision="int8").from_bytes(loaded.to_bytes())
    numpy.testing.assert_array_equal(predicted(again, docs), expected)
    encoder.to_disk(tmp_path / "model")
    loaded = TransformerEncoder(encoder_dir, precision="int8").from_disk(tmp_path / "model")
    numpy.testing.assert_array_equal(predicted(loaded, docs), expected)
    numpy.testing.assert_array_equal(predicted(encoder.copy(), docs), expected)
    # The weights are those in float32.
    loaded = TransformerEncoder(encoder_dir).from_bytes(data)
    numpy.testing.assert_allclose(predicted(loaded, docs), exact, atol=1e-6)


def test_ranges_belong_to_the_weights(encoder: Any, encoder_dir: str, docs: List[Doc]) -> None:
    """In another precision, the encoder may be trained, so that they no longer fit."""
    loaded = TransformerEncoder(encoder_dir).from_bytes(encoder.to_bytes())
    assert not problems_of_shim(loaded.shims[0].to_bytes())
    assert RANGES not in srsly.msgpack_loads(loaded.shims[0].to_bytes())
    # Other bytes without ranges.
    encoder.from_bytes(make_encoder(encoder_dir).to_bytes())
    dynamic = predicted(make_encoder(encoder_dir, precision="int8"), docs)
    numpy.testing.assert_array_equal(predicted(encoder, docs), dynamic)


def test_training_is_refused(encoder: Any, docs: List[Doc]) -> None:
    with pytest.raises(ValueError, match='"int8" can\'t be trained'):
        encoder.begin_update(docs)
