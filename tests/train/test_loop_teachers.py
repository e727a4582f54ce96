"""Trainings with teachers: resumed ones equal uninterrupted ones, to the last bit."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from interrupted_loop import run
from interrupted_training import assert_resumes_as_uninterrupted
from short_training import assert_same, config_of, set_corpora
from spacy.cli._util import app
from spacy.tokens import DocBin
from taught_pipelines import block, save_teacher, unlabelled
from tiny_corpus import make_docs
from tiny_pipelines import CRF
from typer.testing import CliRunner
from unsynced_disk import leave_unsynced

import spacy_mtl.cli  # noqa: F401 (adds the command)

FALLING = {
    "@schedules": "warmup_linear.v1",
    "initial_rate": 0.9,
    "warmup_steps": 2,
    "total_steps": 14,
}


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_unsynced(monkeypatch)


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a pipeline for tags and one for entities."""
    folder = tmp_path_factory.mktemp("teachers")
    save_teacher("tagger", folder / "tags", n_steps=10)
    save_teacher("ner with transitions", folder / "entities", n_steps=10)
    return folder


def config_in(folder: Path, teachers: Path, cache: Path, **training: Any) -> Any:
    """Tags by a schedule and entities by a weight, on texts half of which have no annotation."""
    nlp = spacy.blank("en")
    docs = [doc for _ in range(3) for doc in make_docs(nlp)]
    docs += [eg.reference for eg in unlabelled(nlp, 12)]
    path = folder / "corpus.spacy"
    DocBin(docs=docs).to_disk(path)
    config = config_of(str(path), **training)
    heads = config["components"]
    heads["tagger"]["teacher"] = block(teachers / "tags", cache, FALLING, component="head")
    heads["ner"]["teacher"] = block(teachers / "entities", cache, 0.5, component="head")
    heads["ner"]["model"] = CRF
    return config


@pytest.mark.parametrize("kind", ["one corpus", "two corpora", "losses computed again"])
def test_interrupted(tmp_path: Path, teachers: Path, kind: str) -> None:
    """Each has files of targets of its own: nothing comes from the other training."""
    pipelines = []
    for name, stops in (("whole", ()), ("parts", (4, 8))):
        config = config_in(tmp_path, teachers, tmp_path / f"targets of {name}")
        if kind == "two corpora":
            path = str(tmp_path / "corpus.spacy")
            set_corpora(config, path, {"@mtl_schedules": "spacy_mtl.ByLoss.v1"}, mixed=False)
        if kind == "losses computed again":
            weighting = {"@mtl_weightings": "spacy_mtl.FAMO.v1", "learn_rate": 0.5}
            config["components"]["mtl"]["weighting"] = {**weighting, "recompute": True}
        for stop in stops:
            run(config, tmp_path / name, stop, every=3)
        run(config, tmp_path / name, every=3)
        pipelines.append(spacy.load(tmp_path / name / "model-last"))
    assert_same(*pipelines)
    for nlp in pipelines:
        heads: Any = [nlp.get_pipe(name) for name in ("tagger", "ner")]
        assert [head.cfg["teacher"]["steps"] for head in heads] == [13, 13]
        assert heads[0].teacher.weight_at(13) == pytest.approx(0.9 / 12)


def test_command(tmp_path: Path, teachers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in a step, and resumed."""
    monkeypatch.chdir(tmp_path)
    config_in(tmp_path, teachers, tmp_path, max_steps=6, eval_frequency=2).to_disk("config.cfg")

    def train(*args: str) -> Any:
        return CliRunner().invoke(app, ["mtl", "train", "config.cfg", "-o", "out", *args])

    update = spacy.language.Language.update
    n_updates = 0

    def interrupted(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal n_updates
        n_updates += 1
        if n_updates == 6:
            raise KeyboardInterrupt
        return update(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr("spacy.language.Language.update", interrupted)
        assert train().exit_code != 0
    assert_resumes_as_uninterrupted(train)
