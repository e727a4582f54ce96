# ruff: noqa: E501 (tables: a line each)
"""Values, scorers, empty batches and broken weights of every head."""

import math
import pickle
import warnings
from typing import Any, Callable, Dict, List, Optional

import numpy
import pytest
import spacy
from cases import Case, Gives, Refused, check, name_of
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint, inner

NAN, INF = math.nan, math.inf
FACTORIES = {**HEADS, "multi": "mtl_textcat_multilabel"}


def example(nlp: Language, cats: Dict, predicted: Optional[Dict] = None) -> Example:
    doc, gold = Doc(nlp.vocab, words=["x", "y"]), Doc(nlp.vocab, words=["x", "y"])
    gold.cats = cats
    doc.cats = predicted or {}
    return Example(doc, gold)


def build(encoder: Any = None, **configs: Any) -> Language:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder)
    for name, factory in FACTORIES.items():
        nlp.add_pipe(factory, name=name, config=configs.get(name, {}))
    nlp.config["initialize"]["components"]["multi"] = {"labels": ["p", "q"]}
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.fixture(scope="module")
def nlp() -> Language:
    return build()


# Categories.

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
    Case("NaN", [({"p": NAN}, HIGH)], Refused("'multi'", "'p' at nan", "x y", "mend the corpus")),
    Case("infinite", [({"p": INF}, HIGH)], Refused("'multi'", "'p' at inf", "mend the corpus")),
    Case("above 1", [({"p": 1.5}, HIGH)], Refused("'multi'", "1.5", "mend the corpus")),
    Case("below 0", [({"p": -0.5}, HIGH)], Refused("'multi'", "-0.5", "mend the corpus")),
    Case("a word", [({"p": "yes"}, HIGH)], Refused("'multi'", "'p' at 'yes'", "mend the corpus")),
    Case("null", [({"p": None}, HIGH)], Refused("'multi'", "'p' at None", "mend the corpus")),
    Case("a label that is a number", [({1: 1.0}, HIGH)], Refused("the head", "the label 1", "strings")),
]  # fmt: skip


def numbers(scores: Any) -> List[Any]:
    if isinstance(scores, dict):
        return [each for found in scores.values() for each in numbers(found)]
    return [scores]


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
def test_values_that_no_loss_takes(nlp: Language, case: Case) -> None:
    check(case, lambda given: nlp.update([example(nlp, *given[0])], sgd=False))


# Losses of predictions.


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", FACTORIES)
def test_loss_of_a_prediction(nlp: Language, name: str) -> None:
    """What `predict` gives fits `get_loss`, and says the same as logits do."""
    head: Any = nlp.get_pipe(name)
    egs = make_examples(nlp)
    for eg in egs:
        eg.reference.cats.update({"p": 1.0, "q": 0.3})
    docs = [nlp.get_pipe("mtl")(eg.predicted) for eg in egs]
    loss, d_scores = head.get_loss(egs, head.predict(docs))
    logits = head.model.predict(docs)
    expected, d_expected = head.compute_loss(egs, logits)
    assert loss == pytest.approx(expected.value, rel=1e-4)
    for one, other in zip(d_scores, d_expected):
        assert numpy.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("name", ["textcat", "multi"])
def test_logits_are_no_probabilities(nlp: Language, name: str) -> None:
    head: Any = nlp.get_pipe(name)
    for row in ([3.0, -1.0], [NAN, 0.0]):
        with pytest.raises(ValueError, match=f"'{name}' takes what 'predict' gives.*compute_loss"):
            head.get_loss(make_examples(nlp)[:1], numpy.asarray([row], dtype="f"))


@pytest.mark.parametrize("name", ["textcat", "multi"])
def test_certain_predictions_have_a_loss(nlp: Language, name: str) -> None:
    head: Any = nlp.get_pipe(name)
    labels = dict(zip(head.labels, (1.0, 0.0)))
    for row in ([0.0, 1.0], [1.0, 0.0]):
        loss, d_scores = head.get_loss([example(nlp, labels)], numpy.asarray([row], dtype="f"))
        assert math.isfinite(loss)
        assert numpy.isfinite(d_scores).all()


# Nothing in a batch.


def replaced(nlp: Language) -> Language:
    for name in FACTORIES:
        nlp.replace_listeners("mtl", name, ["model.tok2vec"])
    return nlp


@pytest.fixture(
    scope="module",
    params=["CNN", "embedded", "transformer", "own CNN", "own embedded", "own transformer"],
)
def any_nlp(request: pytest.FixtureRequest, encoder_dir: str) -> Language:
    kinds = {"CNN": None, "embedded": inner(encoder_dir), "transformer": encoder_dir}
    pipeline = build(kinds[request.param.removeprefix("own ")])
    return replaced(pipeline) if request.param.startswith("own") else pipeline


@pytest.mark.parametrize("name", FACTORIES)
def test_nothing(any_nlp: Language, name: str) -> None:
    head: Any = any_nlp.get_pipe(name)
    scores = head.predict([])
    assert len(scores) == 0
    head.set_annotations([], scores)
    assert head.get_loss([], scores)[0] == 0.0
    assert len(head.get_loss([], scores)[1]) == 0
    assert head.update([]) == {name: 0.0}
    assert not any(numbers(head.score([])))
    assert list(head.pipe([])) == []


@pytest.mark.parametrize("name", FACTORIES)
def test_no_token(any_nlp: Language, name: str) -> None:
    head: Any = any_nlp.get_pipe(name)
    empty = Doc(any_nlp.vocab)
    alone = head.predict([empty, Doc(any_nlp.vocab)])
    assert len(alone) == 2
    head.set_annotations([empty, Doc(any_nlp.vocab)], alone)
    eg = Example(Doc(any_nlp.vocab), Doc(any_nlp.vocab))
    assert math.isfinite(head.get_loss([eg], alone[:1])[0])
    assert head.update([eg]) == {name: 0.0}
    # Whatever else is in the batch.
    doc, other = any_nlp.pipe(["", "old runs"])
    if head.unit == "doc":
        assert {label: doc.cats[label] for label in head.labels} == pytest.approx(
            {label: empty.cats[label] for label in head.labels}
        )
    assert len(other) == 2


# Weights that are no numbers.


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("name", FACTORIES)
def test_broken_weights(nlp: Language, name: str, value: float) -> None:
    broken: Any = pickle.loads(pickle.dumps(nlp))
    head: Any = broken.get_pipe(name)
    head.model.get_ref("output_layer").get_param("W")[0, 0] = value
    with pytest.raises(
        ValueError, match=f"The head '{name}' got .*NaN.*array 'W' of its layer"
    ) as err:
        broken("Anna runs")
    assert "another copy" in str(err.value)


def test_broken_encoder(nlp: Language) -> None:
    for value in (NAN, INF):
        doc = Doc(nlp.vocab, words=["a", "b"])
        doc.tensor = numpy.full((2, 16), value, dtype="f")
        for name in FACTORIES:
            with pytest.raises(ValueError, match=f"'{name}' got .*NaN.*from its encoder"):
                nlp.get_pipe(name).predict([doc])  # type: ignore[attr-defined]


# Settings.

SETTINGS = [
    *[
        Case(f"{key} {value}", (name, {key: value}), Refused(f"'{key}'", f"components.{name}"))
        for name in FACTORIES
        for key, values in {"learn_rate_scale": (NAN, INF, 0.0), "label_smoothing": (NAN, INF, 1.0)}.items()
        for value in values
    ],
    *[
        Case(f"{name} threshold {value}", (name, {"threshold": value}), Refused("'threshold'", f"components.{name}"))
        for name in ("textcat", "multi")
        for value in (NAN, INF, -1.0)
    ],
    *[
        Case(f"{name} class weight {value}", (name, {"class_weights": {"a": value}}), Refused("'a'", "class_weights", f"components.{name}"))
        for name in ("textcat", "multi")
        for value in (NAN, INF, -INF)
    ],
]  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS, ids=name_of)
def test_settings(nlp: Language, case: Case) -> None:
    name, config = case.given
    head: Any = nlp.get_pipe(name)
    check(case, lambda _: type(head)(nlp.vocab, head.model, name, **config))


# Scorers.


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
    *[Case(f"examples only, of {n}", (n, examples_only), Gives(lambda s: mine(s) == 4)) for n in FACTORIES],
    *[Case(f"all of it, of {n}", (n, all_of_it), Gives(lambda s: len(mine(s)) > 1)) for n in FACTORIES],
    *[Case(f"NaN, of {n}", (n, nan), Gives(lambda s: not any(numbers(s)))) for n in FACTORIES],
    *[Case(f"no map, of {n}", (n, lambda examples: None), Refused(f"'{n}'", "None", "scorer", f"components.{n}")) for n in FACTORIES],
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
