"""A saved pipeline to check or change."""

import shutil
from pathlib import Path

import pytest
import spacy
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint, inner

from spacy_mtl.files import write_checksums


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory, encoder_dir: str) -> Path:
    """Save a pipeline with an encoder inside `mtl` and three heads, with checksums."""
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    nlp.initialize(lambda: make_examples(nlp))
    folder = tmp_path_factory.mktemp("saved") / "model-best"
    nlp.to_disk(folder)
    write_checksums(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "pipeline"))
