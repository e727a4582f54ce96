"""The finished pipeline names nothing that only the training needed."""

from pathlib import Path

import spacy
from grown_pipelines import trained
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
