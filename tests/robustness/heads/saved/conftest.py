"""A saved pipeline with one head of each kind."""

import shutil
from pathlib import Path

import pytest
from saved_heads import build
from spacy.language import Language
from tiny_pipelines import inner


@pytest.fixture(scope="session")
def nlp() -> Language:
    return build()


@pytest.fixture(scope="session")
def scratch() -> Language:
    """Build a pipeline that tests only load into."""
    return build()


@pytest.fixture(scope="session")
def saved(nlp: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "nlp"
    nlp.to_disk(path)
    return path


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "nlp"))


@pytest.fixture(params=["CNN", "embedded"])
def pipeline(request: pytest.FixtureRequest, encoder_dir: str, tmp_path: Path, saved: Path) -> Path:
    if request.param == "CNN":
        return Path(shutil.copytree(saved, tmp_path / "nlp"))
    build(inner(encoder_dir)).to_disk(tmp_path / "nlp")
    return tmp_path / "nlp"
