"""The runs of a suite. No test of the benchmarks trains them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from spacy.util import load_config


def test_runs_of_a_suite(benchmark_module: Any) -> None:
    runs_of = benchmark_module("accuracy.runs").runs_of
    runs = list(runs_of("gum-short", ["ours-joint", "ours-alone"], [0, 1], ()))
    assert len(runs) == 2 * (1 + 3)
    assert len({run.name for run in runs}) == len(runs)


def test_change_survives_the_file_of_results(benchmark_module: Any) -> None:
    runs, suites = (benchmark_module(f"accuracy.{name}") for name in ("runs", "suites"))
    changes = tuple(map(suites.parse_change, ["hidden_width=null", 'weights={"ner":2.0}']))
    run = runs.Run("gum-short", "ours-joint", suites.PIPES, 0, changes)
    assert runs.make_run(json.loads(json.dumps(asdict(run)))) == run
    assert runs.settings_of(run)["weights"] == {"ner": 2.0}


def test_changes_in_any_order(benchmark_module: Any) -> None:
    """What changes nothing makes no other run: results are shared between benchmarks."""
    runs, suites = (benchmark_module(f"accuracy.{name}") for name in ("runs", "suites"))
    first, second = (
        runs.Run("gum-short", "ours-joint", suites.PIPES, 0, changes)
        for changes in (
            (("weights", ()), ("method", "Balanced"), ("method_settings", ())),
            (("method", "Balanced"), ("batch", 150), ("weights", ())),
        )
    )
    assert first == second
    assert first.name == second.name


def test_changes_that_a_plan_would_ignore(benchmark_module: Any) -> None:
    runs = benchmark_module("accuracy.runs")
    with pytest.raises(ValueError, match="'three-short' has its budget .*: 'dropout' can't be"):
        list(runs.runs_of("three-short", ["ours-joint"], [0], (("dropout", 0.2),)))


def test_balanced(benchmark_module: Any) -> None:
    """The same run as `ours-joint` with changes, without those of a corpus."""
    runs = benchmark_module("accuracy.runs")
    (run,) = runs.runs_of("gum-short", ["ours-joint-balanced"], [0], (("epochs", 2),))
    assert run.system == "ours-joint"
    settings = runs.settings_of(run)
    assert "weights" not in settings
    assert [settings[key] for key in ("method", "gradients", "every", "epochs")] == [
        *("Balanced", "parameters", "auto", 2),
    ]


def test_a_corpus_for_each_task(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The plan of benchmarks.corpora, with the weighting and teachers of the run."""
    modules = {name: benchmark_module(f"accuracy.{name}") for name in ("runs", "training")}
    runs, training = modules["runs"], modules["training"]
    found = benchmark_module("corpora.config")
    monkeypatch.setattr(found, "n_tokens", lambda path: 1000)
    monkeypatch.setattr(benchmark_module("corpora.plans"), "convert_split", lambda *args: args[0])
    taught = (("taught", True),)
    (run,) = runs.runs_of("three-short", ["ours-joint-balanced"], [1], taught)
    path, overrides = training.config_of(run, "encoder", tmp_path)
    config = load_config(path, overrides=overrides, interpolate=False)
    assert config["nlp"]["pipeline"] == ["transformer", "mtl", "tagger", "ner", "sentiment"]
    assert config["system"]["seed"] == 1
    mtl = config["components"]["mtl"]
    assert mtl["weighting"] == {"@mtl_weightings": "spacy_mtl.Balanced.v1", "weights": {}}
    assert (mtl["gradients"], mtl["every"]) == ("parameters", "auto")
    teacher = config["components"]["ner"]["teacher"]
    (alone,) = (
        alone
        for alone in runs.runs_of("three-short", ["ours-alone"], [1], ())
        if alone.tasks == ("ner",)
    )
    assert teacher["path"] == str(tmp_path / alone.name / "model-last")
    assert teacher["weight"]["total_steps"] == config["training"]["max_steps"]
    settings = runs.settings_of(run)
    assert [settings[key] for key in ("taught", "mixed", "method")] == [True, True, "Balanced"]
    assert "taught" not in runs.settings_of(alone)
