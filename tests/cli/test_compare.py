"""The command `spacy mtl compare` on short trainings in processes of their own."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from short_training import config_of
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from thinc.api import Config
from tiny_corpus import make_docs
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)
from spacy_mtl.comparison import processes

FAILS_IN_THE_FIRST_STEP = """
import spacy

@spacy.registry.callbacks("tests.NoSpaceLeft.v1")
def make():
    def before_update(nlp, args):
        raise OSError("No space left on device")
    return before_update
"""


@pytest.fixture(autouse=True)
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WASABI_LOG_FRIENDLY", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk("corpus.spacy")
    config = config_of("corpus.spacy", max_steps=4, eval_frequency=2)
    config["nlp"]["pipeline"] = ["mtl", "tagger", "ner"]
    del config["components"]["textcat"]
    config.to_disk("config.cfg")


def run(*args: str) -> Any:
    return CliRunner().invoke(app, ["mtl", "compare", "config.cfg", "-o", "out", *args])


@pytest.mark.slow
def test_interrupted_resumed_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the configs to the result, with an interruption after two trainings."""
    collect = processes.Processes._collect
    n_ended = 0

    def interrupted(self: Any) -> Any:
        nonlocal n_ended
        for ended in collect(self):
            n_ended += 1
            yield ended
        if n_ended == 2:
            n_ended += 1
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(processes.Processes, "_collect", interrupted)
        result = run("--n-seeds", "2")
    assert result.exit_code == 130, result.output
    assert "2 of 6 trainings are done. --resume continues in out" in result.output
    first = Path("out/runs/tagger.0/model-last/tagger/model").stat().st_mtime_ns
    words = ("--n-seeds", "2", "--resume", "--test", "corpus.spacy")
    result = run(*words, "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found == json.loads(Path("out/comparison.json").read_text())
    assert Path("out/runs/tagger.0/model-last/tagger/model").stat().st_mtime_ns == first
    assert list(found["tasks"]) == ["tagger", "ner"]
    assert (found["is_dev"], found["scored_on"], found["n_documents"]) == (False, "corpus.spacy", 4)
    for row in found["tasks"].values():
        assert row["difference"] == pytest.approx(row["joint"] - row["alone"])
        assert row["verdict"] in ("gain", "loss", "no difference shown")
    assert found["cost"]["processor_seconds"]["joint"] > 0
    (cosine,) = found["conflicts"]["cosines"]
    assert cosine["tasks"] == ["tagger", "ner"]
    # Nothing is left to train, and the counts are there: only the text is made again.
    text = run(*words).output
    assert "Scores in percent on the test file corpus.spacy (4 documents)" in text
    assert "With two seeds only very large differences are shown" in text


@pytest.mark.parametrize("is_test", [True, False], ids=["--test", "dev"])
def test_texts_that_no_task_can_be_scored_on(is_test: bool) -> None:
    """They are found before anything is trained."""
    docs = [Doc(doc.vocab, words=[t.text for t in doc]) for doc in make_docs(spacy.blank("en"))]
    DocBin(docs=docs).to_disk("bare.spacy")
    option, name = ("--test", "bare.spacy") if is_test else ("--corpora.dev.path", "corpora.dev")
    result = run(option, "bare.spacy")
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert f"None of the {len(docs)} documents of {name} is annotated for tagger, ner" in text
    assert not Path("out").exists()


@pytest.mark.slow
def test_training_that_fails() -> None:
    """What it has printed last is shown, and the others aren't started."""
    Path("code.py").write_text(FAILS_IN_THE_FIRST_STEP)
    config = Config().from_disk("config.cfg")
    config["training"]["before_update"] = {"@callbacks": "tests.NoSpaceLeft.v1"}
    config.to_disk("config.cfg")
    result = run("--n-seeds", "2", "--code", "code.py")
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert "The training 'tagger.0' failed with exit status 1" in text
    assert "out/runs/tagger.0/output.txt ends with:" in text
    assert "No space left on device" in text.partition("ends with:")[2]
    assert not Path("out/runs/ner.0").exists()
