"""Shares of the best bare engine, and what must hold."""

from typing import Any

import pytest

SECONDS = {
    "bare PyTorch": [2.0, 4.0, 2.0],
    "bare OpenVINO": [1.0, 2.0, 1.0],
    "bare OpenVINO, bf16": [0.5, 0.5, 0.5],
    "ours": [1.25, 2.5, 1.25],
    "ours, bf16": [1.0, 1.0, 1.0],
}


def test_best_bare_engine_of_a_precision(benchmark_module: Any) -> None:
    limits = benchmark_module("speed.limits")
    assert limits.best_bare(SECONDS, "fp32") == "bare OpenVINO"
    assert limits.best_bare(SECONDS, "bf16") == "bare OpenVINO, bf16"
    assert limits.best_bare(SECONDS, "int8") is None
    assert limits.share_of("ours", "bare OpenVINO", SECONDS) == pytest.approx(0.8)


def test_table_of_shares(benchmark_module: Any, capsys: Any) -> None:
    benchmark_module("speed.limits").report_shares(SECONDS)
    lines = capsys.readouterr().out.splitlines()
    assert "| ours | fp32 | 0.80 of bare OpenVINO |" in lines
    assert "| ours, bf16 | bf16 | 0.50 of bare OpenVINO, bf16 |" in lines
    assert not any(line.startswith("| bare") for line in lines)


def test_table_of_limits(benchmark_module: Any, capsys: Any) -> None:
    limits = benchmark_module("speed.limits")
    limits.report_limits(limits.INFERENCE, "gum", SECONDS)
    printed = capsys.readouterr().out
    assert "relative to the best bare engine (bare OpenVINO) | 0.85 | 0.80 | NOT MET |" in printed
    assert "| ours, bf16, relative to bare PyTorch | 2.70 | 2.00 | NOT MET |" in printed
    # 2 / 1.25 is below 1.8. Without stock spaCy, nothing is claimed.
    assert "| ours, relative to bare PyTorch | 1.80 | 1.60 | NOT MET |" in printed
    assert "| ours, relative to stock spaCy | 3.30 | – | not measured |" in printed
    faster = {**SECONDS, "ours": [1.1, 2.2, 1.1]}
    limits.report_limits(limits.INFERENCE, "gum", faster)
    assert "| ours, relative to bare PyTorch | 1.80 | 1.82 | met |" in capsys.readouterr().out


@pytest.mark.parametrize(("has_faster_layers", "at_least"), [(True, 1.5), (False, 0.95)])
def test_limits_of_training(
    benchmark_module: Any, has_faster_layers: bool, at_least: float
) -> None:
    """Where oneDNN isn't faster, it isn't used, so nothing is slower."""
    limits = benchmark_module("speed.limits")
    first, _ = limits.training_limits(has_faster_layers)["gum"]
    assert first == limits.Limit("ours", limits.PLAIN, at_least)
