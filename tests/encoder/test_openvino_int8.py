"""Encoders in static int8, computed by OpenVINO."""

import logging
from pathlib import Path
from typing import Any, List

import numpy
import pytest
from helpers.inner_encoders import make_encoder
from spacy.tokens import Doc

from spacy_mtl.encoder import engine
from spacy_mtl.encoder.calibration import calibrate, read_batches
from spacy_mtl.encoder.openvino import openvino_network
from spacy_mtl.encoder.static_int8 import with_int8_layers
from spacy_mtl.encoder.transformer import TransformerEncoder

pytest.importorskip("openvino")
pytestmark = pytest.mark.openvino


def with_ranges(encoder: Any, docs: List[Doc]) -> Any:
    objects = encoder.shims[0]._hfmodel
    batches = read_batches(docs, objects.tokenizer, objects.transformer)
    encoder.shims[0].ranges = calibrate(objects.transformer, batches)
    return encoder


def predicted(encoder: Any, docs: List[Doc]) -> numpy.ndarray:
    return numpy.concatenate(encoder.predict(docs))


def test_same_as_pytorch(encoder_dir: str, docs: List[Doc], tmp_path: Path) -> None:
    by_torch = with_ranges(make_encoder(encoder_dir, precision="int8"), docs)
    by_torch.to_disk(tmp_path / "model")
    by_openvino = TransformerEncoder(encoder_dir, precision="int8", engine="openvino")
    by_openvino.from_disk(tmp_path / "model")
    found, expected = predicted(by_openvino, docs), predicted(by_torch, docs)
    numpy.testing.assert_allclose(found, expected, atol=0.05)
    assert not numpy.array_equal(found, expected)


def test_without_ranges(
    encoder_dir: str,
    docs: List[Doc],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Pipelines of older versions are computed as before."""
    expected = predicted(make_encoder(encoder_dir, precision="int8"), docs)
    monkeypatch.setattr(engine, "openvino_network", lambda *_: pytest.fail("not by OpenVINO"))
    encoder = make_encoder(encoder_dir, precision="int8", engine="openvino")
    with caplog.at_level(logging.WARNING, logger="spacy"):
        for _ in range(2):
            numpy.testing.assert_array_equal(predicted(encoder, docs), expected)
    (message,) = [m for m in caplog.messages if "OpenVINO" in m]
    assert message.endswith("for int8 it needs ranges, which `spacy mtl quantize` finds")


def test_products_are_in_int8(encoder_dir: str, docs: List[Doc]) -> None:
    network = with_ranges(make_encoder(encoder_dir), docs).shims[0]
    twin = with_int8_layers(network._model, network.ranges)
    compiled = openvino_network(twin, "f32", True).compiled
    types = [
        str(op.get_rt_info()["runtimePrecision"].astype(str))
        for op in compiled.get_runtime_model().get_ops()
        if op.get_rt_info()["layerType"].astype(str) == "FullyConnected"
    ]
    in_int8 = [name for name in types if name in ("u8", "i8")]
    # The pooler isn't.
    assert len(in_int8) >= 12 > len(types) - len(in_int8)


def test_new_ranges_count(encoder_dir: str, docs: List[Doc]) -> None:
    encoder = make_encoder(encoder_dir, precision="int8", engine="openvino")
    before = predicted(with_ranges(encoder, docs), docs)
    ranges = encoder.shims[0].ranges
    encoder.shims[0].ranges = dict(list(ranges.items())[:1])
    assert abs(predicted(encoder, docs) - before).max() > 1e-6
    encoder.shims[0].ranges = ranges
    numpy.testing.assert_array_equal(predicted(encoder, docs), before)


def test_networks_that_do_not_convert(
    encoder_dir: str,
    docs: List[Doc],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*args: Any) -> None:
        raise engine.NotConvertibleError("no such operation")

    by_torch = with_ranges(make_encoder(encoder_dir, precision="int8"), docs)
    encoder = with_ranges(make_encoder(encoder_dir, precision="int8", engine="openvino"), docs)
    monkeypatch.setattr(engine, "openvino_network", fail)
    with caplog.at_level(logging.INFO, logger="spacy"):
        found = predicted(encoder, docs)
    numpy.testing.assert_array_equal(found, predicted(by_torch, docs))
    assert len([text for text in caplog.messages if "no such operation" in text]) == 1
