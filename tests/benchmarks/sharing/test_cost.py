"""What schemes cost, on the tiny corpus."""

import json
from pathlib import Path
from typing import Any, Callable

import pytest


@pytest.fixture
def cost(
    benchmark_module: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_corpus: Path
) -> Any:
    module = benchmark_module("sharing.cost")
    monkeypatch.setattr(module, "N_BATCHES", 2)
    monkeypatch.setattr(benchmark_module("speed.contestants"), "corpus_of", lambda *_: tiny_corpus)
    monkeypatch.setattr(benchmark_module("timing"), "RESULTS", tmp_path / "speed.jsonl")
    return module


def test_costs_relative_to_hard_sharing(
    cost: Any, monkeypatch: pytest.MonkeyPatch, encoder_dir: str, tmp_path: Path, capsys: Any
) -> None:
    # No process of its own in a test.
    monkeypatch.setattr(cost, "memory_of", lambda *args: cost.measure_memory(*args))
    cost.compare(["TaskAttention"], 2, 1, "fp32", encoder_dir, tmp_path)
    table = capsys.readouterr().out
    assert "| HardSharing | 0 | " in table
    assert "| HardSharing, again | 0 | " in table
    # Three masks over vectors of 16 values: 16 * 96 + 96 + 96 * 16 + 16 each.
    assert "| TaskAttention | 9,552 | " in table
    assert "of 2 turns, processor time, fp32" in table
    row = json.loads((tmp_path / "speed.jsonl").read_text())
    assert list(row["seconds"]) == ["training", "inference"]
    assert all(len(turns) == 2 for turns in row["seconds"]["training"].values())
    assert row["mib"]["TaskAttention"] > 100


def test_schemes_over_the_limits_are_named(cost: Any, capsys: Any) -> None:
    names = ["HardSharing", "MMoE", "PLE", "CGC"]
    seconds = {
        "training": dict(zip(names, [[1.0], [1.2], [1.2], [1.0]])),
        "inference": dict(zip(names, [[1.0], [1.0], [1.0], [1.2]])),
    }
    cost._print_table(seconds, dict.fromkeys(names, 1), dict.fromkeys(names, 1.0), 100)
    *_, mmoe, ple, cgc = capsys.readouterr().out.splitlines()
    assert mmoe == (
        "| MMoE | 1 | 1.200 (1.20–1.20) | 1.000 (1.00–1.00) | 1.000 | over 1.15 or 1.10 |"
    )
    assert cgc.endswith("| over 1.15 or 1.10 |")
    assert ple.endswith("| 1.000 |  |")
