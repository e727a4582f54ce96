"""Scores with a positive label, before and after saving."""

from typing import Any, Dict

import pytest
import spacy
from cases import Case, Gives, Refused, check, name_of
from tiny_corpus import make_examples
from tiny_pipelines import add_joint

POSITIVE = [
    Case("of two", {"positive_label": "b"}, Gives("F (b)")),
    Case("none", {}, Gives("macro F")),
    Case("no label", {"positive_label": "z"}, Refused("'head'", "'z'", "['a', 'b']", "initialize")),
    Case(
        "of three",
        {"positive_label": "a", "labels": ["a", "b", "c"]},
        Refused("'head'", "'a'", "two", "['a', 'b', 'c']"),
    ),
]


@pytest.mark.parametrize("case", POSITIVE, ids=name_of)
def test_positive_label(case: Case) -> None:
    def run(settings: Dict[str, Any]) -> Any:
        nlp = spacy.blank("en")
        add_joint(nlp, None)
        nlp.add_pipe("mtl_textcat", name="head", config={"threshold": 0.3})
        nlp.config["initialize"]["components"] = {"head": settings}
        nlp.initialize(lambda: make_examples(nlp))
        found = nlp.evaluate(make_examples(nlp))
        again = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
        assert again.evaluate(make_examples(again)) | {"speed": 0} == found | {"speed": 0}
        return found["cats_score_desc"]

    check(case, run)
