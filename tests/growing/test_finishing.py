"""The finished pipeline names nothing that only the training needed."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from grown_pipelines import new_docs, trained
from spacy.training import Example
from thinc.api import Config

from spacy_mtl.growing.finishing import finish


def test_nothing_is_frozen_or_has_a_teacher(tmp_path: Path) -> None:
    """Whatever the pipeline was trained with before."""
    nlp = trained()
    nlp.config["training"]["frozen_components"] = ["textcat"]
    nlp.config["training"]["annotating_components"] = ["tagger"]
    nlp.to_disk(tmp_path / "old")
    path = tmp_path / "old" / "config.cfg"
    config = Config().from_disk(path, interpolate=False)
    teacher = {"path": "/home/me/teacher", "weight": 1.0, "component": None}
    config["components"]["tagger"]["teacher"] = teacher
    config.to_disk(path)
    before = spacy.load(tmp_path / "old", config={"components": {"tagger": {"teacher": None}}})
    found = finish(tmp_path / "old", before, [], keeps_old=True)
    found.to_disk(tmp_path / "new")
    assert "/home/me" not in (tmp_path / "new" / "config.cfg").read_text(encoding="utf8")
    assert found.config["training"]["frozen_components"] == []
    assert found.config["training"]["annotating_components"] == ["tagger"]


def test_scores_with_other_keys(tmp_path: Path) -> None:
    """Beside a new head of the same kind, an old one's scores get a prefix."""
    before = trained(tasks=["tagger", "textcat"])
    before.meta["performance"] = {"tag_acc": 0.5, "cats_score": 0.7, "speed": 100.0}
    before.to_disk(tmp_path / "old")
    nlp = spacy.load(tmp_path / "old")
    head: Any = nlp.add_pipe("mtl_textcat", name="genre", config={"prefix": "genre:"})
    head.initialize(lambda: [Example(nlp.make_doc("a"), doc) for doc in new_docs()], nlp=nlp)
    nlp.meta["performance"] = {"genre_cats_score": 0.6, "textcat_cats_score": 0.1}
    nlp.to_disk(tmp_path / "new")
    found = finish(tmp_path / "new", spacy.load(tmp_path / "old"), ["genre"], keeps_old=True)
    expected = {"tag_acc": 0.5, "textcat_cats_score": 0.7, "speed": 100.0, "genre_cats_score": 0.6}
    assert found.meta["performance"] == pytest.approx(expected)
