"""Scores of soft categories, with our scorer and spaCy's."""

import math
from typing import Any, Dict, List

import pytest
from cases import Case, Gives, Refused, check, name_of
from one_head import make_head
from spacy.language import Language
from spacy.training import Example


def examples_with(nlp: Language, values: List[Dict[str, float]]) -> List[Example]:
    found = []
    for i, cats in enumerate(values):
        doc = nlp.make_doc(f"text {i}")
        predicted = nlp.make_doc(f"text {i}")
        predicted.cats = {"a": 0.9 - 0.1 * i, "b": 0.1 * i}
        doc.cats = cats
        found.append(Example(predicted, doc))
    return found


CATS = [
    Case("soft", [{"a": 0.9, "b": 0.1}, {"a": 0.2, "b": 0.8}], Gives(1.0)),
    Case("three values", [{"a": 0.9}, {"a": 0.4}, {"a": 0.1}], Gives(0.5)),
    Case("half is positive", [{"a": 0.5}, {"a": 0.49}], Gives(0.5)),
    Case("one value only", [{"a": 0.7, "b": 0.7}, {"a": 0.7, "b": 0.7}], Gives(0.0)),
    Case("hard", [{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}], Gives(1.0)),
    Case("whole numbers", [{"a": 1, "b": 0}, {"a": 0, "b": 1}], Gives(1.0)),
    Case("none", [{}, {}], Gives(None)),
    Case("NaN", [{"a": math.nan}], Refused("'head'", "text 0", "nan", "corpus")),
    Case("infinite", [{"a": math.inf}], Refused("'head'", "text 0", "inf", "corpus")),
]


@pytest.mark.parametrize(
    "scorer",
    [
        "spacy_mtl.textcat_scorer.v1",
        "spacy.textcat_multilabel_scorer.v1",
        "spacy.textcat_multilabel_scorer.v2",
    ],
)
@pytest.mark.parametrize("case", CATS, ids=name_of)
def test_soft_categories_are_scored(case: Case, scorer: str) -> None:
    head = make_head("mtl_textcat_multilabel", scorer={"@scorers": scorer})

    def run(values: Any) -> Any:
        scores = head.score(examples_with(head.pipeline, values))
        flat = [v for v in scores.values() if isinstance(v, float)]
        assert all(math.isfinite(value) for value in flat)
        return scores["cats_score"]

    is_stock = scorer.startswith("spacy.")
    # spaCy returns 0.0 if nothing is annotated.
    check(
        Case(case.name, case.given, Gives(0.0)) if is_stock and not any(case.given) else case, run
    )
