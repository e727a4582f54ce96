# ruff: noqa: E501 (tables: a line each)
"""The positive label: one of two, and saved with the pipeline."""

from typing import Any

import pytest
import spacy
from cases import Case, Gives, Refused, check, name_of
from tiny_corpus import make_examples
from tiny_pipelines import add_joint

POSITIVE = [
    Case("the first", "a", Gives("F (a)")),
    Case("the second", "b", Gives("F (b)")),
    Case("none", None, Gives("macro F")),
    Case("another", "z", Refused("'positive_label'", "'z'", "['a', 'b']", "initialize.components.textcat")),
    Case("empty", "", Refused("'positive_label'", "initialize.components.textcat")),
]  # fmt: skip


@pytest.mark.parametrize("case", POSITIVE, ids=name_of)
def test_positive_label(case: Case) -> None:
    def run(label: Any) -> Any:
        nlp = spacy.blank("en")
        add_joint(nlp, None)
        nlp.add_pipe("mtl_textcat", name="textcat", config={"threshold": 0.2})
        nlp.config["initialize"]["components"]["textcat"] = {"positive_label": label}
        nlp.initialize(lambda: make_examples(nlp))
        reloaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
        return reloaded.evaluate(make_examples(nlp))["cats_score_desc"]

    check(case, run)


def test_positive_label_of_three() -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    nlp.add_pipe("mtl_textcat", name="textcat")
    given = {"positive_label": "a", "labels": ["a", "b", "c"]}
    nlp.config["initialize"]["components"]["textcat"] = given
    with pytest.raises(ValueError, match=r"'positive_label'.*one of two labels.*'c'"):
        nlp.initialize(lambda: make_examples(nlp))
