"""Trainings of heads that have grown: resumed ones equal uninterrupted ones, to the last bit."""

from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from interrupted_loop import run
from short_training import assert_same, config_of, set_corpora
from spacy.tokens import Doc, DocBin, Span
from tiny_corpus import make_docs
from tiny_pipelines import CRF
from unsynced_disk import leave_unsynced

from spacy_mtl.train.checkpoint import CheckpointError, find_latest

NEW = {"tagger": "NEW", "ner": "EVENT", "textcat": "c"}


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_unsynced(monkeypatch)


def write_corpus(path: Path, with_new: bool) -> str:
    docs = make_docs(spacy.blank("en")) * 2
    if with_new:
        doc = Doc(docs[0].vocab, words=["zebra", "crossing"], tags=["NEW", "NN"])
        doc.set_ents([Span(doc, 0, 2, "EVENT")], default="outside")
        doc.cats = {"a": 0.0, "b": 0.0, "c": 1.0}
        docs += [doc] * 2
    DocBin(docs=docs).to_disk(path)
    return str(path)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline whose training went on until its labels were added. Don't write to it."""
    folder = tmp_path_factory.mktemp("grown")
    config = config_of(write_corpus(folder / "old.spacy", False), max_steps=4, eval_frequency=2)
    config["components"]["ner"]["model"] = CRF
    with pytest.MonkeyPatch.context() as patch:
        leave_unsynced(patch)
        run(config, folder / "training")
    nlp = spacy.load(folder / "training/model-last")
    for name, label in NEW.items():
        assert nlp.get_pipe(name).add_label(label) == 1  # type: ignore[attr-defined]
    nlp.to_disk(folder / "grown")
    return folder / "grown"


def config_with(grown: Path, corpus: str) -> Any:
    config: Any = config_of(corpus)
    source = {"source": str(grown)}
    config["components"] = {name: dict(source) for name in config["components"]}
    return config


@pytest.mark.parametrize("kind", ["one corpus", "two corpora"])
def test_interrupted(tmp_path: Path, grown: Path, kind: str) -> None:
    pipelines = []
    corpus = write_corpus(tmp_path / "new.spacy", True)
    for name, stops in (("whole", ()), ("parts", (5, 9))):
        config = config_with(grown, corpus)
        if kind == "two corpora":
            set_corpora(config, corpus, {"@mtl_schedules": "spacy_mtl.RoundRobin.v1"}, mixed=False)
        for stop in stops:
            run(config, tmp_path / name, stop, every=2)
        run(config, tmp_path / name, every=2)
        pipelines.append(spacy.load(tmp_path / name / "model-last"))
    assert_same(*pipelines)
    before: Dict[str, Any] = dict(spacy.load(grown).components)
    for name, label in NEW.items():
        head: Any = pipelines[0].get_pipe(name)
        assert head.labels[-1] == label
        assert head.labels == before[name].labels
        after, old = (each.model.get_ref("output_layer") for each in (head, before[name]))
        assert (after.get_param("W")[-1] != old.get_param("W")[-1]).any()


def test_checkpoint_of_before(tmp_path: Path, grown: Path) -> None:
    """It doesn't go on with a pipeline that has grown since: that is said."""
    corpus = write_corpus(tmp_path / "new.spacy", True)
    run(config_with(grown, corpus), tmp_path / "out", 3, every=2)
    found = find_latest(tmp_path / "out")
    assert found is not None
    nlp = spacy.load(found.pipeline)
    nlp.get_pipe("tagger").add_label("NEWER")  # type: ignore[attr-defined]
    nlp.to_disk(found.pipeline)
    with pytest.raises(CheckpointError, match="of shape"):
        run(config_with(grown, corpus), tmp_path / "out")
