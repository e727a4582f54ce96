"""The command `spacy mtl train` on a short training."""

import shutil
from pathlib import Path
from typing import Any, Callable

import pytest
import spacy
import torch
from short_training import config_of
from spacy.cli._util import app
from spacy.tokens import DocBin
from tiny_corpus import make_docs
from typer.testing import CliRunner
from unsynced_disk import leave_unsynced

import spacy_mtl.cli  # noqa: F401 (adds the command)

Run = Callable[..., Any]


def write_inputs() -> None:
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk("corpus.spacy")
    config_of("corpus.spacy", max_steps=6, eval_frequency=2).to_disk("config.cfg")


def invoke(*args: str, config: str = "config.cfg") -> Any:
    return CliRunner().invoke(app, ["mtl", "train", config, "-o", "out", *args])


@pytest.fixture
def run_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in its own folder."""
    leave_unsynced(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    write_inputs()
    return invoke


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a completed training. Don't write to it."""
    folder = tmp_path_factory.mktemp("done")
    before = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        leave_unsynced(patch)
        patch.chdir(folder)
        # As in tests, because checkpoints record the number of threads.
        torch.set_num_threads(1)
        write_inputs()
        result = invoke()
        torch.set_num_threads(before)
    assert result.exit_code == 0, result.output
    return folder / "out"


@pytest.fixture
def run_after(run_train: Run, done: Path) -> Run:
    """Run the command after a completed training."""
    shutil.copytree(done, "out")
    return run_train
