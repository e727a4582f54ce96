# ruff: noqa: E501 (tables: a line each)
"""spaCy's scorers and custom scorers, with every head."""

import math
import warnings
from typing import Any, Callable, Dict, List

import pytest
from cases import Case, Gives, Refused, check, name_of
from four_heads import numbers
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.training import Example
from spacy.util import registry
from tiny_corpus import make_examples
from tiny_pipelines import FOUR_HEADS

NAN, INF = math.nan, math.inf


def examples_only(examples: List[Example]) -> Dict[str, Any]:
    return {"mine": len(examples)}


def all_of_it(examples: List[Example], **kwargs: Any) -> Dict[str, Any]:
    return {"mine": kwargs["labels"]}


def labels_by_name(examples: List[Example], labels: Any = None) -> Dict[str, Any]:
    return {"mine": labels}


def nan(examples: List[Example], **kwargs: Any) -> Dict[str, Any]:
    return {"mine": NAN, "deep": {"a": {"b": float("nan")}}}


def as_spacy_says(examples: List[Example], **kwargs: Any) -> Dict[str, Any]:
    return Scorer.score_cats(examples, "cats", multi_label=False, **kwargs)


def of_spacy(name: str) -> Callable:
    return registry.get("scorers", name)()


def mine(scores: Dict[str, Any]) -> Any:
    return next(value for key, value in scores.items() if key.endswith("mine"))


SCORERS = [
    *[
        Case(f"{scorer} of {name}", (name, of_spacy(scorer)), Gives(lambda scores: any(k.endswith(("cats_score", "ents_f", "tag_acc")) for k in scores)))
        for name, found in {
            "textcat": ("spacy.textcat_scorer.v1", "spacy.textcat_scorer.v2"),
            "multi": ("spacy.textcat_multilabel_scorer.v1", "spacy.textcat_multilabel_scorer.v2"),
            "ner": ("spacy.ner_scorer.v1",),
            "tagger": ("spacy.tagger_scorer.v1",),
        }.items()
        for scorer in found
    ],
    *[Case(f"examples only, of {n}", (n, examples_only), Gives(lambda s: mine(s) == 4)) for n in FOUR_HEADS],
    *[Case(f"all of it, of {n}", (n, all_of_it), Gives(lambda s: len(mine(s)) > 1)) for n in FOUR_HEADS],
    *[Case(f"NaN, of {n}", (n, nan), Gives(lambda s: not any(numbers(s)))) for n in FOUR_HEADS],
    *[Case(f"not a dict, of {n}", (n, lambda examples: None), Refused(f"'{n}'", "None", "scorer", f"components.{n}")) for n in FOUR_HEADS],
    Case("labels by name", ("textcat", labels_by_name), Gives(lambda s: mine(s) == ("a", "b"))),
    Case("as spaCy says", ("textcat", as_spacy_says), Gives(lambda s: "textcat_cats_macro_f" in s)),
    Case("none", ("textcat", None), Gives({})),
]  # fmt: skip


@pytest.mark.parametrize("case", SCORERS, ids=name_of)
def test_scorers(nlp: Language, case: Case) -> None:
    name, scorer = case.given
    head: Any = nlp.get_pipe(name)
    egs = make_examples(nlp)
    before, head.scorer = head.scorer, scorer
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if not isinstance(case.answer, Refused):
                nlp.evaluate(egs)
            egs = [Example(nlp(eg.predicted), eg.reference) for eg in egs]
            check(case, lambda _: head.score(egs))
    finally:
        head.scorer = before
