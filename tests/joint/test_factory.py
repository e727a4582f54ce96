"""The factory of the joint component."""

import pytest
import spacy
from tiny_pipelines import add_joint


def test_two_joint_components(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    with pytest.raises(ValueError, match="two components of factory 'mtl': 'mtl' and 'other'"):
        nlp.add_pipe("mtl", name="other")


def test_several_blank_pipelines(encoder_dir: str) -> None:
    """Heads made from default configs alone."""
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    nlp.add_pipe("mtl_textcat_multilabel", name="topics")
    nlp.add_pipe("mtl_tagger", name="pos", config={"attribute": "pos"})
    assert nlp.get_pipe("mtl").tasks == ["topics", "pos"]
