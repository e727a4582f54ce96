"""Calibration on dev and measurements on test, with a tiny pipeline for the trained ones."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy
import pytest
from noisy_corpus import noisy_docs, sure_pipeline
from spacy.tokens import DocBin

from spacy_mtl.calibration.events import make_events
from spacy_mtl.calibration.points import Point
from spacy_mtl.calibration.thresholds import Thresholds


@pytest.fixture
def module(benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The module, with a file of results of its own."""
    found = benchmark_module("calibration")
    monkeypatch.setattr(found, "FILE", tmp_path / "calibration.jsonl")
    return found


def test_with_thresholds(module: Any) -> None:
    """Each label has its own, or the common one."""
    events = make_events(
        [0.9, 0.6, 0.6, 0.2], [True, True, False, False], ["a", "a", "b", "b"], range(4), {"a": 3}
    )
    points = [Point(threshold, 0, 0.0, 0.0, 0.0, 0.0) for threshold in (0.5, 0.7)]
    found = module.with_thresholds(events, Thresholds(points[0], {"a": points[1]}, [], []))
    assert found == {"n": 2, "precision": 0.5, "f1": 2 / 5, "f1_without": 4 / 7}
    assert module.with_thresholds(events, None) == {}


@pytest.mark.parametrize("suite", ["gum-sharing", "three"])
def test_splits(
    module: Any, benchmark_module: Any, tiny_corpus: Path, tmp_path: Path, suite: str
) -> None:
    (run,) = benchmark_module("accuracy.runs").runs_of(suite, [module.SYSTEM], [0], ())
    assert set(module.HEADS[suite]) <= set(run.tasks)
    assert module.split_of(run, "dev", tmp_path) == tiny_corpus


def test_measure_and_report(
    module: Any,
    benchmark_module: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    nlp = sure_pipeline()
    nlp.to_disk(tmp_path / "pipeline")
    DocBin(docs=noisy_docs(nlp)).to_disk(tmp_path / "noisy.spacy")
    monkeypatch.setattr(module, "trained_pipeline", lambda *args: tmp_path / "pipeline")
    monkeypatch.setattr(module, "split_of", lambda *args: tmp_path / "noisy.spacy")
    runs = benchmark_module("accuracy.runs")
    (run,) = runs.runs_of("gum-sharing", [module.SYSTEM], [0], ())
    row = module.measure(run, "encoder", tmp_path)
    assert runs.make_run(json.loads(json.dumps(row))) == run
    assert list(row["heads"]) == ["tagger", "ner", "textcat"]
    for found in row["heads"].values():
        assert found["n"] >= 160
        assert numpy.isfinite(found["ece"]).all()
        assert 0 < found["by_chance"] < 0.2
    before, after = row["heads"]["textcat"]["ece"]
    assert after < before
    # Three in four are right, whatever their confidence.
    assert row["heads"]["ner"]["precision"] == {}
    assert row["heads"]["ner"]["f1"]["f1"] == row["heads"]["ner"]["f1"]["f1_without"] == 0.75
    # Other numbers, so that both outcomes are seen.
    row["heads"]["tagger"]["ece"] = [0.1, 0.06]
    other = json.loads(json.dumps({**row, **asdict(run), "seed": 1}))
    other["heads"]["ner"]["precision"] = {"n": 200, "precision": 0.9}
    row["heads"]["ner"]["f1"] = {"f1": 0.72, "f1_without": 0.73}
    for each in (row, other):
        module.add_finished(module.FILE, each)
    module.report()
    lines = capsys.readouterr().out.splitlines()
    (tags,) = [line for line in lines if line.startswith("| GUM | tagger")]
    assert "| 0.100 (0.100–0.100; 2) | 0.060 (0.060–0.060; 2) |" in tags
    assert tags.endswith("| NOT MET |")
    first, second = (line for line in lines if line.startswith(("| GUM | 0", "| GUM | 1")))
    assert first == "| GUM | 0 | not reached on dev | – | 73.0 | 72.0 | – |"
    assert second == "| GUM | 1 | 0.900 | 200 | 75.0 | 75.0 | met |"
    assert "| GUM | 2 | 74.0 | 73.5 | -0.5 | 1.4 | met |" in lines
    # Where nothing is left out, no threshold was chosen that could be wrong.
    other["heads"]["ner"]["precision"] = {"n": other["heads"]["ner"]["n"], "precision": 0.95}
    other["heads"]["ner"]["f1"]["f1"] = 0.7
    module.add_finished(module.FILE, other)
    module.report()
    output = capsys.readouterr().out
    assert "| GUM | 2 | 74.0 | 71.0 | -3.0 | 1.4 | NOT MET |" in output
    n_all = other["heads"]["ner"]["n"]
    assert f"| GUM | 1 | 0.950 | {n_all} | 75.0 | 70.0 | all left |" in output
    # With anything left out, it is.
    other["heads"]["ner"].update(n=300, precision={"n": 299, "precision": 0.95})
    module.add_finished(module.FILE, other)
    module.report()
    assert "| GUM | 1 | 0.950 | 299 | 75.0 | 70.0 | NOT MET |" in capsys.readouterr().out
