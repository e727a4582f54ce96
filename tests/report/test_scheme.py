"""What is reported about the sharing scheme of a pipeline."""

from pathlib import Path

import pytest
import spacy
from fixed_structure import RELATIONS, TITLE, TREE, make_sharing
from mixed_sharing import make_nlp as make_by_hand
from tiny_pipelines import CNN

from spacy_mtl.joint.size import size_of
from spacy_mtl.report.scheme import scheme_report


def test_report() -> None:
    nlp = make_sharing(name="shared")
    report = scheme_report(nlp)
    assert (report.component, report.scheme) == ("shared", TITLE)
    assert report.tasks == {"tagger": True, "ner": True, "textcat": True}
    assert report.tables == [RELATIONS, TREE]
    assert report.size == size_of(nlp.get_pipe("shared"))
    assert report.has_own_views


def test_tasks_without_heads_and_disabled_heads(tmp_path: Path) -> None:
    make_sharing().to_disk(tmp_path)
    nlp = spacy.load(tmp_path, exclude=["ner"], disable=["tagger", "mtl"])
    report = scheme_report(nlp)
    assert report.tasks == {"tagger": True, "ner": False, "textcat": True}
    assert list(report.size.private) == ["tagger", "ner", "textcat"]


def test_disabled_head_of_hard_sharing(tmp_path: Path) -> None:
    make_sharing("spacy_mtl.HardSharing.v1").to_disk(tmp_path)
    report = scheme_report(spacy.load(tmp_path, disable=["ner"]))
    assert report.tasks == {"tagger": True, "ner": True, "textcat": True}
    assert not report.has_own_views


@pytest.mark.filterwarnings("ignore:The heads .* both set")
def test_scheme_that_no_config_names() -> None:
    """A factory of one's own may build the scheme itself."""
    report = scheme_report(make_by_hand("representation", {"@mtl_weightings": "spacy_mtl.RLW.v1"}))
    assert report.scheme == "mixed_sharing"


def test_scheme_without_weights() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl", config={"model": {"@architectures": TITLE, "tok2vec": CNN}})
    with pytest.raises(ValueError, match=r"tests\.FixedStructure\.v1 has no weights yet: call"):
        scheme_report(nlp)


def test_pipeline_without_a_joint_component() -> None:
    with pytest.raises(ValueError, match=r"no joint component \(factory 'mtl'\).*are none"):
        scheme_report(spacy.blank("en"))
