"""Heads: gold with whitespace, no texts at all, losses of predictions, scorers of others."""

import math
import warnings
from typing import Any, Dict, Iterable, List

import numpy
import pytest
import spacy
import torch
from cases import Case, Gives, Refused, check, name_of
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Maxout, Model, PyTorchWrapper, with_array
from tiny_corpus import make_examples
from tiny_pipelines import add_joint

from spacy_mtl.heads.loading import check_size
from spacy_mtl.heads.ner import score_entities
from spacy_mtl.heads.tagger import score_tags
from spacy_mtl.heads.textcat import score_cats
from spacy_mtl.loading import UnfitError, explained
from spacy_mtl.registry import registry

FACTORIES = ("mtl_tagger", "mtl_ner", "mtl_textcat", "mtl_textcat_multilabel")
WORDS = ["Anna", " ", "saw", "New", "\n", "York", "\n\n"]


def make_head(factory: str, **config: Any) -> Any:
    """A head that is initialised on the tiny corpus, with its pipeline as `head.pipeline`."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    head: Any = nlp.add_pipe(factory, name="head", config=config)
    nlp.initialize(lambda: make_examples(nlp))
    head.pipeline = nlp
    return head


# Entities with whitespace at an edge.

SPANS = [
    Case("of words only", [(0, 1)], Gives([(0, 1)])),
    Case("begins with a space", [(1, 3)], Gives([(2, 3)])),
    Case("ends with a space", [(0, 2)], Gives([(0, 1)])),
    Case("spaces at both ends", [(1, 5)], Gives([(2, 4)])),
    Case("a space inside", [(3, 6)], Gives([(3, 6)])),
    Case("a space inside, and one at the end", [(3, 7)], Gives([(3, 6)])),
    Case("whitespace only", [(4, 5)], Gives([])),
    Case("whitespace only, at the end", [(6, 7)], Gives([])),
    Case("whitespace only, beside a word", [(0, 1), (1, 2)], Gives([(0, 1)])),
    Case("two that each take a space", [(0, 2), (3, 5)], Gives([(0, 1), (3, 4)])),
    Case("all of the text", [(0, 7)], Gives([(0, 6)])),
    Case("none", [], Gives([])),
]


def gold_of(nlp: Language, spans: List[Any], key: Any, words: List[str] = WORDS) -> Example:
    doc = Doc(nlp.vocab, words=words, spaces=[False] * len(words))
    found = [Span(doc, start, end, label="PER") for start, end in spans]
    if key is None:
        doc.set_ents(found, default="outside")
    else:
        doc.spans[key] = found
    return Example(Doc(nlp.vocab, words=words, spaces=[False] * len(words)), doc)


def predicted_like(eg: Example, spans: Iterable[Any], key: Any) -> Example:
    """The same gold, and spans that were predicted."""
    doc = Doc(eg.x.vocab, words=[t.text for t in eg.x], spaces=[False] * len(eg.x))
    found = [Span(doc, start, end, label="PER") for start, end in spans]
    if key is None:
        doc.set_ents(found, default="outside")
    else:
        doc.spans[key] = found
    return Example(doc, eg.reference)


@pytest.mark.parametrize("key", [None, "sc"])
@pytest.mark.parametrize("case", SPANS, ids=name_of)
def test_whitespace_is_cut_off_entities(case: Case, key: Any) -> None:
    """In training and in scores: what is predicted for it is right, and has the lowest loss."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    head: Any = nlp.add_pipe("mtl_ner", name="head", config={"spans_key": key})
    nlp.initialize(lambda: [*make_examples(nlp), gold_of(nlp, [(0, 1)], key)])
    eg = gold_of(nlp, case.given, key)
    is_cut = case.given != case.answer.value  # type: ignore[union-attr]

    def run(spans: Any) -> Any:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            (own,) = head.own_examples([eg])
            head.own_examples([eg])
        assert len([w for w in told if "begins or ends with whitespace" in str(w.message)]) == (
            1 if is_cut else 0
        )
        found = own.reference.ents if key is None else own.reference.spans[key]
        changed = [span for span in case.given if span not in case.answer.value]  # type: ignore[union-attr]
        assert head.count_unfit(eg) == len(changed)
        return [(span.start, span.end) for span in found]

    check(case, run)
    scores = head.score([predicted_like(eg, case.answer.value, key)])  # type: ignore[union-attr]
    if case.answer.value:  # type: ignore[union-attr]
        assert scores["ents_f" if key is None else f"spans_{key}_f"] == 1.0
    # The right sequence, with certainty: no loss.
    logits = certain(head, case.answer.value, len(WORDS))  # type: ignore[union-attr]
    assert head.get_loss([eg], [logits])[0] == pytest.approx(0.0, abs=1e-6)


def certain(head: Any, spans: Iterable[Any], n: int) -> numpy.ndarray:
    names = ["O"] * n
    for start, end in spans:
        inside = [f"I-{'PER'}"] * (end - start - 2)
        names[start:end] = ["U-PER"] if end - start == 1 else ["B-PER", *inside, "L-PER"]
    logits = numpy.zeros((n, len(head.classes())), dtype="f")
    for row, name in enumerate(names):
        logits[row, head.classes().index(name)] = 50.0
    return logits


def test_whitespace_where_tokens_differ() -> None:
    """The pipeline cuts the text elsewhere: what still aligns is trimmed, the rest is left out."""
    head = make_head("mtl_ner")
    gold = gold_of(head.pipeline, [(0, 2), (3, 7)], None).reference
    words = ["Anna", " ", "saw", "New", "\nYork", "\n\n"]
    predicted = Doc(head.vocab, words=words, spaces=[False] * len(words))
    assert predicted.text == gold.text
    with pytest.warns(UserWarning, match="begins or ends with whitespace"):
        (own,) = head.own_examples([Example(predicted, gold)])
    loss, _ = head.loss_of([own], [certain(head, [(0, 1), (3, 5)], len(words))])
    assert loss.value == pytest.approx(0.0, abs=1e-6)


# No texts, and texts without tokens.


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("n_empty", [0, 1, 3])
def test_no_words(factory: str, n_empty: int) -> None:
    head = make_head(factory)
    nlp = head.pipeline
    docs = [nlp.make_doc("") for _ in range(n_empty)]
    for doc in docs:
        nlp.get_pipe("mtl").set_annotations([doc], nlp.get_pipe("mtl").predict([doc]))
    scores = head.predict(docs)
    assert len(scores) == n_empty
    head.set_annotations(docs, scores)
    examples = [Example(doc, nlp.make_doc("")) for doc in docs]
    loss, d_scores = head.get_loss(examples, scores)
    assert loss == 0.0
    assert len(d_scores) == n_empty
    assert head.update(examples, sgd=False) == {"head": 0.0}
    assert not any(value for value in head.score(examples).values() if value != {})
    assert nlp.update(examples, sgd=False) is not None
    assert list(head.pipe(docs)) == docs
    assert list(nlp.pipe([""] * n_empty)) is not None


# predict and get_loss fit together.


@pytest.mark.parametrize("factory", FACTORIES)
def test_loss_of_what_is_predicted_is_that_of_training(factory: str) -> None:
    head = make_head(factory)
    nlp = head.pipeline
    examples = make_examples(nlp)
    losses = nlp.update(examples, sgd=False)
    docs = list(nlp.pipe([eg.predicted.copy() for eg in examples]))
    loss, d_scores = head.get_loss(examples, head.predict(docs))
    assert loss == pytest.approx(losses["head"], rel=1e-5)
    expected = head.loss_of(examples, head.model.predict(docs))[1]
    for found, row in zip(d_scores, expected):
        numpy.testing.assert_allclose(found, row, atol=1e-6)


# Values of categories.


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
    # spaCy gives 0.0 where nothing is annotated.
    check(
        Case(case.name, case.given, Gives(0.0)) if is_stock and not any(case.given) else case, run
    )


# Scorers of others.


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


# Settings of initialisation.

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


# Scorers that wrap another one, and pass on what they get.


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
    """A TypeError of its own is not taken for that of a setting given twice."""
    head = make_head("mtl_textcat")

    def scorer(examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
        raise TypeError("mine")

    head.scorer = scorer
    with pytest.raises(TypeError, match="mine"):
        head.score(make_examples(head.pipeline))


def test_a_network_that_is_nan_is_told_from_the_encoder() -> None:
    head = make_head("mtl_tagger")
    nlp = head.pipeline
    network = torch.nn.Linear(16, 10)
    torch.nn.init.constant_(network.weight, math.nan)
    head.model.layers[1] = with_array(PyTorchWrapper(network))
    with pytest.raises(ValueError, match="'weight' of the network in its layer"):
        nlp("Anna runs")


def test_a_lack_of_memory_is_no_damage() -> None:
    for error in (MemoryError, PermissionError):
        with pytest.raises(error), explained("PATH"):
            raise error
    with pytest.raises(ValueError, match="Can't use PATH: KeyError.*damaged"), explained("PATH"):
        raise KeyError("x")


def test_a_layer_of_a_user_with_an_array_of_another_shape() -> None:
    output = Maxout(nO=2, nI=3, nP=4)
    output.initialize()
    model: Model = Model("head", None, layers=[output], refs={"output_layer": output})  # type: ignore[arg-type]
    check_size(model, ["a", "b"], ["a", "b"])
    with pytest.raises(UnfitError, match="3 labels.*3 classes.*scores 2"):
        check_size(model, ["a", "b", "c"], ["a", "b", "c"])


@pytest.mark.parametrize("key", [None, "sc"])
@pytest.mark.parametrize("crf", [False, True])
def test_whitespace_of_the_predicted_tokens_alone(key: Any, crf: bool) -> None:
    """The gold tokens hold the whitespace, those of the pipeline have it apart."""
    listener = {"@architectures": "spacy_mtl.TaskListener.v1"}
    model = {"@architectures": "spacy_mtl.TokenClassifier.v1", "tok2vec": listener}
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    config = {"spans_key": key, "model": {**model, "learn_transitions": crf}}
    head: Any = nlp.add_pipe("mtl_ner", name="head", config=config)
    words = ["Ada", " ", "sees", "\n New", " ", "York", " ", "ok"]
    eg = gold_of(nlp, [(3, 6), (0, 1)], key, words)
    predicted = nlp.make_doc(eg.reference.text)
    assert [token.text for token in predicted] == ["Ada", "sees", "\n ", "New", "York", "ok"]
    eg = Example(predicted, eg.reference)
    nlp.initialize(lambda: [*make_examples(nlp), eg])
    head._warned.clear()
    with pytest.warns(UserWarning, match="begins or ends with whitespace"):
        loss, _ = head.loss_of([eg], [certain(head, [(0, 1), (3, 5)], 6)])
    assert loss.value == pytest.approx(0.0, abs=1e-5)
    assert nlp.update([eg], sgd=False)["head"] > 0
