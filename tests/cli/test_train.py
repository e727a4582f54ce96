"""`spacy mtl train` with existing folders, and changed configs and data."""

import shutil
from pathlib import Path
from typing import Any, Callable

import pytest
import spacy
from interrupted_training import assert_resumes_as_uninterrupted
from short_training import assert_same, config_of, set_corpora
from spacy.tokens import DocBin
from thinc.api import ConfigValidationError
from tiny_corpus import make_docs

from spacy_mtl.cli.train import train
from spacy_mtl.train.checkpoint import find_checkpoints, find_latest

Run = Callable[..., Any]


def test_completed_training(run_train: Run) -> None:
    result = run_train()
    assert result.exit_code == 0, result.output
    found = find_checkpoints(Path("out"))
    assert [each.step for each in found] == [7]
    before = spacy.load("out/model-last")
    # A completed training has nothing left to do.
    again = run_train("--resume")
    assert again.exit_code == 0, again.output
    assert "Resuming after 7 steps" in again.output
    assert_same(before, spacy.load("out/model-last"))


def test_resume_without_a_checkpoint(run_train: Run) -> None:
    result = run_train("--resume")
    assert result.exit_code == 0, result.output
    assert "No checkpoint in out: training from scratch" in result.output
    assert "⚠" in result.output
    assert find_latest(Path("out")) is not None


def test_a_checkpoint_is_not_overwritten(run_after: Run) -> None:
    result = run_after()
    assert result.exit_code == 1
    assert "There is a training to resume: out/checkpoint-7" in result.output
    assert "--resume" in result.output
    assert [each.step for each in find_checkpoints(Path("out"))] == [7]


@pytest.mark.parametrize(
    "change", ["--training.dropout=0.3", "--components.ner.learn_rate_scale=2.0"], ids=str
)
def test_changed_config(run_after: Run, change: str) -> None:
    result = run_after("--resume", change)
    assert result.exit_code == 1
    name = change.split("=")[0].removeprefix("--")
    text = " ".join(result.output.split())
    assert f"The config differs from that of out/checkpoint-7: {name}" in text


def test_unchanged_config(run_train: Run) -> None:
    """spaCy rounds weights, and drops "source", but these aren't changes."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk("source")
    config: Any = config_of("corpus.spacy", max_steps=4, eval_frequency=2)
    config["training"]["score_weights"] = {"tag_acc": 1.0, "ents_f": 1.0, "cats_score": 1.0}
    config["components"]["sentences"] = {"source": "source", "component": "sentencizer"}
    config["nlp"]["pipeline"] = ["sentences", *config["nlp"]["pipeline"]]
    config.to_disk("changed.cfg")
    assert run_train(config="changed.cfg").exit_code == 0
    result = run_train("--resume", config="changed.cfg")
    assert result.exit_code == 0, result.output


def test_a_longer_training(run_train: Run) -> None:
    """The limits may change: it continues as if they had been set from the beginning."""
    assert run_train("--training.max_steps=4").exit_code == 0
    assert_resumes_as_uninterrupted(run_train)


def test_other_data(run_after: Run) -> None:
    DocBin(docs=make_docs(spacy.blank("en"))[:2]).to_disk("corpus.spacy")
    result = run_after("--resume")
    assert result.exit_code == 1
    assert "corpus.spacy" in result.output
    assert "bytes" in result.output


@pytest.mark.parametrize("is_multi", [False, True])
def test_fewer_texts(run_train: Run, is_multi: bool) -> None:
    """Its batches can't be drawn again, whatever the options."""
    config = config_of("corpus.spacy", max_steps=6, eval_frequency=2, max_epochs=2)
    if is_multi:
        schedule = {"@mtl_schedules": "spacy_mtl.Uniform.v1"}
        set_corpora(config, "corpus.spacy", schedule, mixed=False)
    config.to_disk("config.cfg")
    DocBin(docs=make_docs(spacy.blank("en")) * 6).to_disk("corpus.spacy")
    assert run_train().exit_code == 0
    DocBin(docs=make_docs(spacy.blank("en"))[:1]).to_disk("corpus.spacy")
    result = run_train("--resume", "--differ", "--training.max_steps=9")
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert "The batches of 7 steps cannot be drawn from the corpora again" in text
    assert "Restore the texts" in text


def test_pipelines_without_a_checkpoint(run_after: Run) -> None:
    """Those of another training are not overwritten."""
    shutil.rmtree("out/checkpoint-7")
    before = spacy.load("out/model-last")
    result = run_after("--resume")
    assert result.exit_code == 1
    assert "There is no checkpoint in out to resume from" in " ".join(result.output.split())
    assert_same(before, spacy.load("out/model-last"))


def test_output_that_is_not_a_folder(run_train: Run) -> None:
    Path("out").write_text("")
    result = run_train()
    assert result.exit_code == 1
    assert "Cannot write to the folder --output out" in " ".join(result.output.split())


def test_no_hint_to_fill_a_filled_config(run_train: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything missing at initialization can't be filled with the defaults of a config."""

    def missing(*args: Any, **kwargs: Any) -> None:
        error = {"loc": ["a"], "msg": "field required", "type": "value_error.missing"}
        raise ConfigValidationError(errors=[error])

    monkeypatch.setattr("spacy_mtl.cli.train.init_nlp", missing)
    result = run_train()
    assert result.exit_code == 1
    assert "field required" in result.output
    assert "init fill-config" not in result.output


def test_config_with_an_error(run_train: Run) -> None:
    """It shows spaCy's own message, and starts nothing."""
    result = run_train("--training.max_steps=lots")
    assert result.exit_code == 1
    assert "max_steps" in result.output
    assert not list(Path("out").iterdir())


def test_interrupted_as_a_function(run_train: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is what whoever has called it expects. Nobody has started ranks."""

    def interrupt(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spacy_mtl.train.loop.train", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(Path("config.cfg"), Path("out"))
