"""The benchmark of ways to add a task."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin
from tiny_corpus import make_docs


@pytest.mark.parametrize("title", ["adapter", "rehearsal, old texts", "plain fine-tuning"])
def test_measure(
    title: str,
    benchmark_module: Any,
    encoder_dir: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    module = benchmark_module("grow")
    path = tmp_path / "tiny.spacy"
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(path)
    monkeypatch.setattr(module, "convert_split", lambda *args: path)
    found = module.measure({"title": title, "seed": 0, "steps": 2}, encoder_dir, tmp_path)
    assert found["tasks"]["tagger"]["identical"] or title != "adapter"
    assert found["tasks"]["genre"]["after"] is not None
    assert found["tasks"]["ner"]["scored_on"] == str(path)
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    (tmp_path / module.FILE).write_text(json.dumps(found) + "\n")
    module.report()
    row = next(
        line for line in capsys.readouterr().out.splitlines() if line.startswith(f"| {title}")
    )
    assert row.count("|") == 8
    assert row.endswith("| 1 |")


def test_runs(benchmark_module: Any) -> None:
    runs = benchmark_module("grow").all_runs()
    assert len({(run["title"], run["seed"]) for run in runs}) == len(runs) == 15
