"""Runs of the configs that are made from the corpora alone, on a tiny corpus."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin
from tiny_corpus import make_docs


@pytest.fixture
def module(benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The module with a tiny file for all splits, and results of its own."""
    found = benchmark_module("init_config")
    path = tmp_path / "tiny.spacy"
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(path)
    monkeypatch.setattr(found, "convert_split", lambda *args: path)
    monkeypatch.setattr(found, "RESULTS", tmp_path / "results.jsonl")
    return found


def test_cases(module: Any, benchmark_module: Any) -> None:
    suites = benchmark_module("accuracy.suites").SUITES
    assert set(module.CASES) == {"gum", "snips", "three", "zh_gsd", "demo"}
    for case in module.CASES.values():
        assert set(case.by_hand) <= set(suites)
        assert all(suites[name].lang == case.lang for name in case.by_hand)


def test_run_and_report(
    module: Any, encoder_dir: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """A config is made, trained as it is and scored; the report has it beside those by hand."""
    run = module.Run("gum", 1)
    row = module.train_and_score(run, encoder_dir, tmp_path)
    assert set(row["dev"]) == {"tag_acc", "ents_f", "cats_micro_f"}
    assert row["steps"] == 6
    assert "seed = 0" in (tmp_path / f"{run.name}.cfg").read_text()
    assert spacy.load(tmp_path / run.name / "model-last").config["system"]["seed"] == 1
    module.add_finished(module.RESULTS, json.loads(json.dumps(row)))
    assert set(module.load_results()) == {run}
    module.report()
    lines = capsys.readouterr().out.splitlines()
    (own,) = (line for line in lines if line.startswith("| init-config |"))
    assert f"| 6 | {row['dev']['tag_acc']:.1f} (" in own
    by_hand = [line for line in lines if line.startswith("| by hand: ")]
    assert any("gum-sharing, ours-joint" in line for line in by_hand)
    assert not any("scheme" in line for line in by_hand)


def test_finished_runs_are_not_repeated(module: Any, monkeypatch: Any, tmp_path: Path) -> None:
    started = []
    monkeypatch.setattr(module, "run_side_by_side", lambda _, specs, *args: started.extend(specs))
    row = {"case": "snips", "seed": 0}
    settings = module.settings_of(module.make_run(row))
    module.add_finished(module.RESULTS, {**row, "settings": settings})
    module.run_all(["snips"], [0, 1], "encoder", tmp_path, 1)
    assert started == ["init-config.snips.1"]


def test_shipped_corpus(module: Any, tmp_path: Path) -> None:
    assert len(DocBin().from_disk(module.split_of("demo", "dev", tmp_path))) == 250
