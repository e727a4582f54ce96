"""The factory of the joint component."""

import pytest
import spacy
from tiny_pipelines import add_joint

from spacy_mtl.compat.spacy import is_listener


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


def test_default_config() -> None:
    """Gradients of equal length at the parameters, on an encoder in a component before."""
    nlp = spacy.blank("en")
    mtl = nlp.add_pipe("mtl")
    assert (mtl.gradients, mtl.every) == ("parameters", "auto")
    assert type(mtl.weighting).__name__ == "Balanced"
    assert mtl.weighting.weights == {}
    assert [node.upstream_name for node in mtl.model.walk() if is_listener(node)] == ["*"]
    assert mtl.tasks == []


def test_component_knows_its_pipeline() -> None:
    nlp = spacy.blank("en")
    mtl = nlp.add_pipe("mtl", name="joint")
    assert mtl.nlp is nlp
    assert mtl.name == "joint"
    assert nlp.get_pipe_meta("joint").assigns == ["doc.tensor"]


def test_unknown_setting() -> None:
    nlp = spacy.blank("en")
    with pytest.raises(ValueError, match="weightings"):
        nlp.add_pipe("mtl", config={"weightings": {}})
