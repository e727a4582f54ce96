"""`spacy mtl train`: what it does with the folder, the config and the machine that it finds."""

from pathlib import Path
from typing import Any, Callable, Dict

import pytest
import spacy
import srsly
from spacy.cli._util import app
from spacy.tokens import DocBin
from tiny import make_docs
from trained import assert_same, config_of
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)
from spacy_mtl.train.checkpoint import find_checkpoints, find_latest

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command on a short training, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk("corpus.spacy")
    config_of("corpus.spacy", max_steps=6, eval_frequency=2).to_disk("config.cfg")

    def invoke(*args: str, config: str = "config.cfg") -> Any:
        return CliRunner().invoke(app, ["mtl", "train", config, "-o", "out", *args])

    return invoke


def test_trains_and_is_over(run: Run) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    found = find_checkpoints(Path("out"))
    assert [each.step for each in found] == [7]
    before = spacy.load("out/model-last")
    # One that is over has nothing to do.
    again = run("--resume")
    assert again.exit_code == 0, again.output
    assert "Going on after step 6" in again.output
    assert_same(before, spacy.load("out/model-last"))


def test_resume_without_a_checkpoint(run: Run) -> None:
    result = run("--resume")
    assert result.exit_code == 0, result.output
    assert "No checkpoint in out: training from the beginning" in result.output
    assert find_latest(Path("out")) is not None


def test_a_checkpoint_is_not_overwritten(run: Run) -> None:
    assert run().exit_code == 0
    result = run()
    assert result.exit_code == 1
    assert "There is a training to go on with: out/checkpoint-7" in result.output
    assert "--resume" in result.output
    assert [each.step for each in find_checkpoints(Path("out"))] == [7]


@pytest.mark.parametrize(
    "change", ["--training.dropout=0.3", "--components.ner.learn_rate_scale=2.0"], ids=str
)
def test_another_config(run: Run, change: str) -> None:
    assert run().exit_code == 0
    result = run("--resume", change)
    assert result.exit_code == 1
    name = change.split("=")[0].removeprefix("--")
    text = " ".join(result.output.split())
    assert f"The config is another than that of out/checkpoint-7: {name}" in text


def set_machine(**changes: Any) -> None:
    path = Path("out/checkpoint-7/meta.json")
    meta: Dict[str, Any] = srsly.read_json(path)
    meta["machine"].update(changes)
    srsly.write_json(path, meta)


def test_another_machine(run: Run) -> None:
    """Refused, as its figures may differ; unless it is told that they may."""
    assert run().exit_code == 0
    set_machine(threads=96, torch="1.0")
    result = run("--resume")
    assert result.exit_code == 1
    assert "instead of 96" in result.output
    assert "instead of 1.0" in result.output
    assert "--differ" in result.output
    result = run("--resume", "--differ")
    assert result.exit_code == 0, result.output
    assert "may differ" in result.output


def test_config_with_a_mistake(run: Run) -> None:
    """spaCy's own messages, and nothing is begun."""
    result = run("--training.max_steps=lots")
    assert result.exit_code == 1
    assert "max_steps" in result.output
    assert not Path("out").exists()


def test_training_that_fails_leaves_its_checkpoint(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in a step, such as one for want of memory."""
    update = spacy.language.Language.update
    n_updates = 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal n_updates
        n_updates += 1
        if n_updates == 4:
            raise MemoryError
        return update(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(spacy.language.Language, "update", failing)
        assert isinstance(run().exception, MemoryError)
    latest = find_latest(Path("out"))
    assert latest is not None
    assert latest.step == 3
    result = run("--resume")
    assert result.exit_code == 0, result.output
    after = spacy.load("out/model-last")
    Path("out").rename("other")
    assert run().exit_code == 0
    assert_same(after, spacy.load("out/model-last"))
