"""Every engine gives the same vectors as PyTorch."""

from typing import Any

import pytest
import torch
from devices import onednn_has_bfloat16


def test_traceable_encoder_predicts(benchmark_module: Any, encoder_dir: str) -> None:
    """An exporter puts back the mode it found, which must not be training."""
    module = benchmark_module("speed.engines.traceable")
    network = benchmark_module("speed.bare").load_network(encoder_dir)
    traceable = module.Traceable(network)
    assert not traceable.training
    batch = module.example()
    assert not batch["attention_mask"].all()
    assert torch.equal(traceable(*batch.values()), network(**batch).last_hidden_state)


@pytest.mark.parametrize(
    "name",
    [
        "bare PyTorch, bf16",
        "bare PyTorch with oneDNN",
        "bare PyTorch with oneDNN, bf16",
        "bare ONNX Runtime",
        "bare ONNX Runtime, int8",
        "bare OpenVINO",
        "bare OpenVINO, bf16",
    ],
)
def test_engines_give_the_same_vectors(
    name: str, benchmark_module: Any, encoder_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy_mtl.encoder.prepacked.is_fast", lambda dtype: True)
    table, bare = benchmark_module("speed.engines.table"), benchmark_module("speed.bare")
    (engine,) = [each for each in table.ENGINES if each.name == name]
    for package in engine.missing:
        pytest.importorskip(package)
    network = bare.load_network(encoder_dir)
    batches = bare.bare_batches(encoder_dir, ["a b c", "d"], 100)
    is_text = batches[-1]["attention_mask"].numpy() > 0
    expected = bare.bare_inference(network, batches, "fp32")().numpy()
    run = engine.make(network, batches, 1)
    if run is None:
        assert name == "bare PyTorch with oneDNN, bf16"
        assert not onednn_has_bfloat16()
        return
    found = torch.as_tensor(run()).float().numpy()
    tolerance = {"fp32": 1e-5, "bf16": 0.1, "int8": 0.2}[engine.precision]
    assert found[is_text] == pytest.approx(expected[is_text], abs=tolerance)
