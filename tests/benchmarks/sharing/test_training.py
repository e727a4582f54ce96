"""Whole runs, on tiny texts."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable

import pytest
import spacy


@pytest.fixture
def results(
    benchmark_module: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_corpus: Path
) -> Any:
    module = benchmark_module("sharing.results")
    monkeypatch.setattr(module, "RESULTS", tmp_path / "sharing.jsonl")
    return module


@pytest.mark.parametrize("suite", ["gum", "snips", "three"])
def test_run_from_start_to_end(
    benchmark_module: Any, results: Any, encoder_dir: str, tmp_path: Path, suite: str
) -> None:
    training, runs = (benchmark_module(f"sharing.{name}") for name in ("training", "runs"))
    joint, *_, alone = runs.runs_of([suite], "subset", ["TaskAttention"], 1)
    for run in (joint, alone):
        row = training.train_and_score(run, encoder_dir, tmp_path)
        assert list(row["scores"]) == list(row["dev"]) == list(run.tasks)
        assert all(0 <= score <= 100 for score in row["scores"].values())
        results.add_result(row)
    assert list(results.load_results()) == [joint, alone]
    assert not (tmp_path / joint.name).exists()


def test_every_scheme_takes_part(
    benchmark_module: Any, results: Any, encoder_dir: str, tmp_path: Path
) -> None:
    """With its default settings, also where each text is annotated for one task."""
    training, runs, schemes = (
        benchmark_module(f"sharing.{name}") for name in ("training", "runs", "schemes")
    )
    names = schemes.find_schemes()
    found = list(runs.runs_of(["three"], "subset", names, 1))[: len(names)]
    for run in found:
        results.add_result(training.train_and_score(run, encoder_dir, tmp_path))
    assert [run.scheme for run in results.load_results()] == names


def test_only_the_scheme_changes(
    benchmark_module: Any, results: Any, encoder_dir: str, tmp_path: Path
) -> None:
    config_of, runs_of = (
        benchmark_module("sharing.training").config_of,
        benchmark_module("sharing.runs").runs_of,
    )
    for suite in ("gum", "snips", "three"):
        hard, other, *_ = runs_of([suite], "subset", ["HardSharing", "TaskAttention"], 1)
        configs = [config_of(run, encoder_dir, tmp_path) for run in (hard, other)]
        for config, run in zip(configs, (hard, other)):
            assert config["components"]["mtl"]["model"].pop("@architectures") == (
                f"spacy_mtl.{run.scheme}.v1"
            )
            assert config["components"]["transformer"]["model"]["precision"] == "auto"
        assert configs[0] == configs[1]


@pytest.mark.parametrize("scheme", ["Adapters", "LayerMix", "PartialSharing"])
def test_encoder_of_schemes_inside_it(
    benchmark_module: Any, encoder_dir: str, tmp_path: Path, scheme: str
) -> None:
    run, *_ = benchmark_module("sharing.runs").runs_of(["gum"], "subset", [scheme], 1)
    config = benchmark_module("sharing.training").config_of(run, encoder_dir, tmp_path)
    assert config["nlp"]["pipeline"][0] == "mtl"
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    mtl: Any = nlp.get_pipe("mtl")
    assert mtl.model.get_ref("tok2vec").shims[0].precision == "auto"
    assert (mtl.learn_rate_scale == 1.0) == (scheme == "PartialSharing")


def test_finished_runs_are_not_repeated(
    benchmark_module: Any, results: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    training, runs = (benchmark_module(f"sharing.{name}") for name in ("training", "runs"))
    found = list(runs.runs_of(["gum"], "subset", ["HardSharing"], 1))
    results.add_result({**asdict(found[0]), "settings": runs.settings_of(found[0])})
    # The settings of the suite have changed since.
    results.add_result({**asdict(found[1]), "settings": {"epochs": 99}})
    started = []
    monkeypatch.setattr(training, "run_side_by_side", lambda *args: started.append(args))
    training.run_all(found, "encoder", tmp_path, 2, 3.0)
    ((_, specs, *rest),) = started
    assert [runs.make_run(json.loads(spec)) for spec in specs.values()] == found[1:]
    assert rest == ["encoder", tmp_path, 2, 3.0]
