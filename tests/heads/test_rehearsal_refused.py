"""Pipelines that can't rehearse what another says."""

from typing import Any, Dict, List, Optional

import pytest
import spacy
from rehearsals import texts
from spacy.language import Language
from tiny_corpus import make_examples
from tiny_pipelines import add_joint

import spacy_mtl


def make(labels: Optional[Dict[str, List[str]]] = None, **factories: str) -> Language:
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for name, factory in factories.items():
        nlp.add_pipe(factory, name=name)
    for name, given in (labels or {}).items():
        nlp.config["initialize"]["components"][name] = {"labels": given}
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def refused(nlp: Language, teacher: Any, match: str, **settings: Any) -> None:
    before = nlp.to_bytes()
    with pytest.raises(ValueError, match=match):
        spacy_mtl.rehearse(nlp, teacher, texts(nlp), **settings)
    assert nlp.to_bytes() == before


def test_labels_that_are_unknown() -> None:
    nlp = make({"ner": ["PER"]}, ner="mtl_ner")
    teacher = make({"ner": ["LOC", "PER", "ORG"]}, ner="mtl_ner")
    match = "'ner' has labels that 'ner' of .* doesn't have: 'LOC', 'ORG'. Use .*add-label"
    refused(nlp, teacher, match)
    for label in ("ORG", "LOC"):
        nlp.get_pipe("ner").add_label(label)  # type: ignore[attr-defined]
    assert spacy_mtl.rehearse(nlp, teacher, texts(nlp))["ner"] > 0


def test_another_kind_of_head() -> None:
    nlp, teacher = make(cats="mtl_textcat"), make(cats="mtl_textcat_multilabel")
    match = "'cats' says: the one is a TextCategorizer, the other a MultiLabelTextCategorizer"
    refused(nlp, teacher, match)


def test_nothing_in_common() -> None:
    nlp, teacher = make(tagger="mtl_tagger"), make(ner="mtl_ner", textcat="mtl_textcat")
    match = "is in both pipelines. Those to rehearse are {}; those of the teacher are 'ner', 'text"
    refused(nlp, teacher, match.format("'tagger'"))
    refused(nlp, teacher, match.format("none"), exclude=["tagger"])


def test_no_teacher_of_its_own() -> None:
    nlp = make(tagger="mtl_tagger")
    refused(nlp, "training/model-best", "is a str, but it must be a pipeline. Load a copy")
    refused(nlp, nlp, "shares 'mtl', 'tagger' with the pipeline that is trained")
    other = spacy.blank("en", vocab=nlp.vocab)
    other.add_pipe("tagger", source=nlp)
    refused(nlp, other, "shares 'tagger' with")
