"""The comparison of training by ranks, with a tiny encoder."""

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest


def turns(step: float, optimizer: float = 0.0) -> List[Dict[str, float]]:
    turn = {"step": step, "optimizer": optimizer, "reduction": 0.25}
    return [{**turn, "sum": 0.5, "values": 25_000_000}] * 3


def test_estimate(benchmark_module: Any) -> None:
    module = benchmark_module("scale.training")
    found = dict.fromkeys(module.CONTESTANTS, turns(2.0))
    # Nothing to send, nothing that doesn't shrink.
    assert module.estimate(found, 2, 1e30) == pytest.approx(2.0)
    assert module.estimate(found, 8, 1e30) == pytest.approx(8.0)
    # Two ranks exchange 100 MB, in 0.1 s at 1 GB/s.
    assert module.estimate(found, 2, 1e9) == pytest.approx(2.0 / 1.1)
    found[module.FIRST] = turns(2.0, 0.4)
    assert module.estimate(found, 2, 1e30) == pytest.approx(2.0 / (0.8 + 0.4))
    # On one machine: by two processes that don't wait, and 0.5 s for the gradients.
    found[module.APART] = turns(1.1)
    assert module.estimate(found, 2) == pytest.approx(2.0 / (1.1 + 0.5))


def test_report(
    benchmark_module: Any, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last row of each plan."""
    module = benchmark_module("scale.training")
    monkeypatch.setattr(module, "PATH", tmp_path / "ranks.jsonl")
    rows = []
    for speed in (1.0, 1.6):
        found = {**dict.fromkeys(module.CONTESTANTS, turns(2.0)), module.LAST: turns(2.0 / speed)}
        rows.append({"precision": "fp32", "size": 2000, "unit": "words", "turns": found})
    lines = [json.dumps({**row, "machine": "a machine"}) + "\n" for row in rows]
    (tmp_path / "ranks.jsonl").write_text("".join(lines))
    module.report()
    output = capsys.readouterr().out
    expected = (
        "| fp32, 2,000 words | 1.00 (1.00–1.00) | 1.00 (1.00–1.00) | 1.60 (1.60–1.60) | "
        "1.00 (1.00–1.00) | 2000 |"
    )
    assert expected in output
    # Of a step that takes 1.25 s.
    assert "| fp32, 2,000 words | 0.0 % | 20.0 % | 40.0 % |" in output
    # Two processes apart take 2 s, and the gradients 0.5 s.
    assert "| fp32, 2,000 words | 1.60 | 0.80 |" in output


@pytest.mark.slow
@pytest.mark.realdata
def test_compare(benchmark_module: Any, encoder_dir: str, tmp_path: Path) -> None:
    steps = benchmark_module("scale.steps")
    plan = steps.Plan("fp32", 2, "texts", encoder_dir, str(tmp_path))
    found = benchmark_module("scale.training").compare(plan, 1, 2)
    for taken in found.values():
        assert len(taken) == 2
        for turn in taken:
            assert 0 < turn["optimizer"] < turn["step"]
            assert (turn["values"] > 1000) is (taken is found["two ranks, one thread each"])
    by_ranks = found["two ranks, one thread each"]
    assert all(0 < turn["reduction"] < turn["step"] for turn in by_ranks)
