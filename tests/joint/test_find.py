"""Where the joint component of a pipeline is."""

from typing import Any

import spacy

from spacy_mtl.joint.find import find_joint


def test_found_under_the_name_that_it_has_now(make_nlp: Any) -> None:
    nlp = make_nlp(encoder=None, initialize=False)
    mtl = nlp.get_pipe("mtl")
    assert find_joint(nlp) == ("mtl", mtl)
    nlp.rename_pipe("mtl", "joint")
    with nlp.select_pipes(disable=["joint"]):
        assert find_joint(nlp) == ("joint", mtl)


def test_pipeline_without_one() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    assert find_joint(nlp) is None
