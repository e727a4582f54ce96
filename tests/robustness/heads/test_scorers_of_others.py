"""Scorers with various signatures, that wrap others, or that fail."""

import math
from typing import Any, Dict, Iterable, List

import pytest
import spacy
from cases import Case, Gives, check, name_of
from one_head import make_head
from spacy.scorer import Scorer
from spacy.tokens import Span
from spacy.training import Example
from tiny_corpus import make_examples
from tiny_pipelines import add_joint

from spacy_mtl.heads.scorers import score_cats, score_entities, score_tags
from spacy_mtl.registry import registry


def only_examples(examples: Iterable[Example]) -> Dict[str, Any]:
    return {"mine": float(len(list(examples)))}


def as_stock(examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
    return Scorer.score_cats(examples, "cats", multi_label=False, **kwargs)


def gives_nan(examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
    return {"mine": math.nan, "by": {"a": {"f": math.inf, "p": 0.5}}, "n": 3}


def names_labels(examples: Iterable[Example], labels: Any, multi_label: Any) -> Dict[str, Any]:
    return {"mine": [list(labels), multi_label]}


SCORERS = [
    Case("only examples", only_examples, Gives(lambda s: s["mine"] == 4.0)),
    Case("as in stock", as_stock, Gives(lambda s: s["cats_score"] >= 0)),
    Case("no number", gives_nan, Gives({"mine": None, "by": {"a": {"f": None, "p": 0.5}}, "n": 3})),
    Case("by names", names_labels, Gives({"mine": [["a", "b"], False]})),
    *(
        Case(name, name, Gives(lambda s: s["cats_score"] >= 0))
        for name in (
            "spacy.textcat_scorer.v1",
            "spacy.textcat_scorer.v2",
            "spacy.textcat_multilabel_scorer.v1",
            "spacy.textcat_multilabel_scorer.v2",
        )
    ),
]


@pytest.mark.parametrize("case", SCORERS, ids=name_of)
def test_scorers_of_others(case: Case) -> None:
    head = make_head("mtl_textcat")
    nlp = head.pipeline
    examples = [Example(nlp(eg.text), eg.reference) for eg in make_examples(nlp)]

    def run(scorer: Any) -> Any:
        head.scorer = scorer if callable(scorer) else registry.get("scorers", scorer)()
        return head.score(examples)

    check(case, run)


@pytest.mark.parametrize(
    ("factory", "scorer", "key"),
    [
        ("mtl_ner", "spacy.ner_scorer.v1", "ents_f"),
        ("mtl_tagger", "spacy.tagger_scorer.v1", "tag_acc"),
        ("mtl_textcat", "spacy.textcat_scorer.v2", "cats_score"),
        ("mtl_textcat_multilabel", "spacy.textcat_multilabel_scorer.v2", "cats_score"),
    ],
)
def test_scorers_of_spacy_in_evaluate(factory: str, scorer: str, key: str) -> None:
    head = make_head(factory, scorer={"@scorers": scorer})
    scores = head.pipeline.evaluate(make_examples(head.pipeline))
    assert scores[key] is not None


def test_wrapped_scorers_score_what_the_head_sets() -> None:
    wrapped = {
        "pos_acc": ("mtl_tagger", {"attribute": "pos"}, score_tags),
        "spans_sc_f": ("mtl_ner", {"spans_key": "sc"}, score_entities),
        "cats_score_desc": ("mtl_textcat", {}, score_cats),
    }
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for key, (factory, config, scorer) in wrapped.items():
        head: Any = nlp.add_pipe(factory, name=key, config=config)
        head.scorer = lambda examples, scorer=scorer, **kwargs: scorer(examples, **kwargs)

    def examples() -> List[Example]:
        found = make_examples(nlp)
        for eg in found:
            eg.reference.spans["sc"] = [Span(eg.reference, 0, 1, label="X")]
            for token in eg.reference:
                token.pos_ = "NOUN"
        return found

    nlp.initialize(examples)
    scores = nlp.evaluate(examples())
    assert scores["cats_score_desc"] == "macro F"
    assert scores["pos_acc"] is not None
    assert scores["spans_sc_f"] is not None


def test_a_scorer_that_fails_fails() -> None:
    """The scorer's own TypeError isn't mistaken for one about an argument passed twice."""
    head = make_head("mtl_textcat")

    def scorer(examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
        raise TypeError("mine")

    head.scorer = scorer
    with pytest.raises(TypeError, match="mine"):
        head.score(make_examples(head.pipeline))
