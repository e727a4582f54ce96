"""Trained pipelines in the work folder."""

from pathlib import Path
from typing import Any, Callable

import pytest


def test_interrupted_training_is_not_taken_for_finished(
    benchmark_module: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """spaCy writes `model-last` with each evaluation."""
    training, runs = (benchmark_module(f"accuracy.{name}") for name in ("training", "runs"))
    (run,) = runs.runs_of("gum-short", ["ours-joint"], [0], ())
    is_interrupted = True

    def train(config: Any, output: Path, overrides: Any) -> None:
        (output / "model-last").mkdir(parents=True, exist_ok=True)
        if is_interrupted:
            raise KeyboardInterrupt
        (output / "model-last" / "meta.json").touch()

    monkeypatch.setattr("spacy.cli.train.train", train)
    monkeypatch.setattr(training, "config_of", lambda *args: ("config.cfg", {}))
    with pytest.raises(KeyboardInterrupt):
        training.trained_pipeline(run, "encoder", tmp_path)
    is_interrupted = False
    folder = training.trained_pipeline(run, "encoder", tmp_path)
    assert (folder / "meta.json").exists()
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [run.name]
    is_interrupted = True
    assert training.trained_pipeline(run, "encoder", tmp_path) == folder
