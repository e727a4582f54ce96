"""The command `spacy mtl affinity` on a short training."""

import json
import signal
from pathlib import Path
from typing import Any, Iterator

import pytest
import spacy
from short_training import config_of
from spacy.cli._util import app
from spacy.tokens import DocBin
from tiny_corpus import make_docs
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)
from spacy_mtl.comparison.affinity import AffinityMeter


@pytest.fixture(autouse=True)
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WASABI_LOG_FRIENDLY", "1")
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk("corpus.spacy")
    config_of("corpus.spacy", max_steps=5).to_disk("config.cfg")
    # Also where the tests run in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(*args: str) -> Any:
    return CliRunner().invoke(app, ["mtl", "affinity", "config.cfg", *args])


def test_text_and_file() -> None:
    result = run("--every", "2", "--output", "found.json")
    assert result.exit_code == 0, result.output
    assert "Look-ahead: by about how many percent" in result.output
    assert "pipeline = [" in result.output
    data = json.loads(Path("found.json").read_text())
    assert data["steps"] == 5
    assert {row["n"] for row in data["lookahead"]} == {2}
    assert sorted(task for group in data["groups"] for task in group) == [
        "ner",
        "tagger",
        "textcat",
    ]
    assert run("--every", "2", "--output", "found.json").exit_code == 1
    assert run("--every", "2", "--output", "found.json", "--force").exit_code == 0


def test_json_and_quiet() -> None:
    result = run("--every", "2", "--steps", "3", "--n-groups", "1", "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert data["steps"] == 3
    assert data["groups"] == [["tagger", "ner", "textcat"]]
    result = run("--every", "2", "--quiet")
    assert result.exit_code == 0
    assert result.output == ""


def test_training_that_is_too_short() -> None:
    result = run("--every", "9")
    assert result.exit_code == 1
    assert "Nothing was measured in 5 steps" in " ".join(result.output.split())


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was measured by then is shown and saved."""
    call = AffinityMeter.__call__

    def interrupted(self: Any, step: int, batch: Any) -> None:
        if step == 3:
            raise KeyboardInterrupt
        call(self, step, batch)

    monkeypatch.setattr(AffinityMeter, "__call__", interrupted)
    result = run("--every", "2", "--output", "found.json")
    assert result.exit_code == 130
    assert "Interrupted after 3 steps" in result.output
    assert json.loads(Path("found.json").read_text())["is_interrupted"]


def interrupt_at(monkeypatch: pytest.MonkeyPatch, at: int, n_times: int = 1) -> None:
    """Let Ctrl-C be pressed in the middle of a step."""
    call = AffinityMeter.__call__

    def interrupted(self: Any, step: int, batch: Any) -> None:
        for _ in range(n_times if step == at else 0):
            signal.raise_signal(signal.SIGINT)
        call(self, step, batch)

    monkeypatch.setattr(AffinityMeter, "__call__", interrupted)


def test_resumed_measures_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--every", "1", "--output", "whole.json").exit_code == 0
    with monkeypatch.context() as patched:
        interrupt_at(patched, 2)
        result = run("--every", "1", "--output", "found.json")
    assert result.exit_code == 130, result.output
    assert "--resume continues from found.unfinished" in result.output
    assert json.loads(Path("found.json").read_text())["steps"] == 3
    result = run("--every", "1", "--output", "found.json", "--resume")
    assert result.exit_code == 0, result.output
    assert Path("found.json").read_text() == Path("whole.json").read_text()
    assert not Path("found.unfinished").exists()


def test_interrupted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a step there is nothing to go on from."""
    interrupt_at(monkeypatch, 2, n_times=2)
    result = run("--every", "1", "--output", "found.json")
    assert result.exit_code == 130, result.output
    assert "Interrupted after 2 steps" in result.output
    assert "--resume continues" not in result.output
    assert json.loads(Path("found.json").read_text())["steps"] == 2
    assert not Path("found.unfinished").exists()


def test_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        interrupt_at(patched, 3)
        assert run("--every", "1", "--output", "found.json").exit_code == 130
    Path("found.json").unlink()
    for words, text in (
        (["--output", "found.json"], "There is a training to resume"),
        (["--resume"], "--resume needs --output"),
        (["--output", "found.json", "--resume", "--every", "2"], "but was 1 in"),
        (["--output", "found.json", "--resume", "--training.dropout", "0.3"], "training.dropout"),
    ):
        result = run("--every", "1", *words)
        assert result.exit_code == 1, result.output
        assert text in " ".join(result.output.split())
        assert Path("found.unfinished/checkpoint-4").is_dir()
    with monkeypatch.context() as patched:
        interrupt_at(patched, 1)
        assert run("--every", "1", "--output", "found.json", "--force").exit_code == 130
    assert [path.name for path in Path("found.unfinished").iterdir()] == ["checkpoint-2"]
    result = run("--every", "1", "--output", "found.json", "--force")
    assert result.exit_code == 0, result.output
    assert not Path("found.unfinished").exists()
    result = run("--every", "1", "--output", "found.json", "--resume")
    assert result.exit_code == 1
    assert "already exists" in result.output
