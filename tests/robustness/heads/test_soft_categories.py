# ruff: noqa: E501 (tables: a line each)
"""Category values: soft, hard and invalid."""

import math
from typing import Any

import numpy
import pytest
from cases import Case, Gives, Refused, check, name_of
from four_heads import example, numbers
from spacy.language import Language
from spacy.util import registry

NAN, INF = math.nan, math.inf


HIGH, LOW = {"p": 0.9, "q": 0.1}, {"p": 0.1, "q": 0.9}


SOFT = [
    Case("two values between", [({"p": 0.9, "q": 0.1}, HIGH), ({"p": 0.1, "q": 0.9}, LOW)], Gives(1.0)),
    Case("three values", [({"p": 0.9}, HIGH), ({"p": 0.6}, HIGH), ({"p": 0.1}, LOW)], Gives(0.5)),
    Case("many values", [({"p": i / 10, "q": 1 - i / 10}, HIGH if i >= 5 else LOW) for i in range(11)], Gives(lambda f: f > 0.9)),
    Case("one half is positive", [({"p": 0.5, "q": 0.5}, HIGH), ({"p": 0.49, "q": 0.49}, LOW)], Gives(lambda f: f is not None)),
    Case("of integers", [({"p": 1, "q": 0}, HIGH), ({"p": 0, "q": 1}, LOW)], Gives(1.0)),
    Case("of booleans", [({"p": True, "q": False}, HIGH), ({"p": False, "q": True}, LOW)], Gives(1.0)),
    Case("of numpy", [({"p": numpy.float32(0.9), "q": numpy.float64(0.1)}, HIGH), (LOW, LOW)], Gives(1.0)),
    Case("all low", [({"p": 0.1, "q": 0.2}, HIGH)] * 2, Gives(0.0)),
    Case("none", [({}, HIGH)], Gives(None)),
    Case("NaN", [({"p": NAN}, HIGH)], Refused("'multi'", "'p' at nan", "x y", "fix the corpus")),
    Case("infinite", [({"p": INF}, HIGH)], Refused("'multi'", "'p' at inf", "fix the corpus")),
    Case("above 1", [({"p": 1.5}, HIGH)], Refused("'multi'", "1.5", "fix the corpus")),
    Case("below 0", [({"p": -0.5}, HIGH)], Refused("'multi'", "-0.5", "fix the corpus")),
    Case("a word", [({"p": "yes"}, HIGH)], Refused("'multi'", "'p' at 'yes'", "fix the corpus")),
    Case("null", [({"p": None}, HIGH)], Refused("'multi'", "'p' at None", "fix the corpus")),
    Case("a label that is a number", [({1: 1.0}, HIGH)], Refused("the head", "the label 1", "strings")),
]  # fmt: skip


@pytest.mark.parametrize(
    "scorer", ["spacy_mtl.textcat_scorer.v1", "spacy.textcat_multilabel_scorer.v2"]
)
@pytest.mark.parametrize("case", SOFT, ids=name_of)
def test_soft_categories(nlp: Language, case: Case, scorer: str) -> None:
    head: Any = nlp.get_pipe("multi")
    before = head.scorer
    head.scorer = registry.get("scorers", scorer)()

    def run(given: Any) -> Any:
        egs = [example(nlp, cats, predicted) for cats, predicted in given]
        copies = [dict(eg.reference.cats) for eg in egs]
        scores = head.score(egs)
        assert not any(isinstance(x, float) and math.isnan(x) for x in numbers(scores))
        assert [dict(eg.reference.cats) for eg in egs] == copies
        return scores["multi_cats_score"] if any(copies) else None

    try:
        check(case, run)
    finally:
        head.scorer = before


LOSSES = [case for case in SOFT if isinstance(case.answer, Refused)]


@pytest.mark.parametrize("case", LOSSES, ids=name_of)
def test_invalid_values(nlp: Language, case: Case) -> None:
    check(case, lambda given: nlp.update([example(nlp, *given[0])], sgd=False))
