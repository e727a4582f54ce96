"""The output of a short training."""

import io
import shutil
from pathlib import Path

import pytest
import spacy
from short_training import config_of
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from tiny_corpus import make_docs

from spacy_mtl.train.loop import train


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a completed short training."""
    folder = tmp_path_factory.mktemp("trained")
    corpus = folder / "corpus.spacy"
    DocBin(docs=make_docs(spacy.blank("en")), store_user_data=True).to_disk(corpus)
    config = config_of(str(corpus), max_steps=2, eval_frequency=1)
    config["training"]["logger"] = {"@loggers": "spacy_mtl.BestByTask.v1"}
    meta = {"config": config.to_str(), "data": {}, "machine": {}}
    train(init_nlp(config), folder / "out", meta=meta, stdout=io.StringIO())
    return folder / "out"


@pytest.fixture
def output(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "out"))
