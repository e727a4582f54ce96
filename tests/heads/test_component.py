"""What all heads share: labels, settings, the exact gradient."""

import warnings
from typing import Any, Dict, List

import numpy
import pytest
from learning_heads import build, example, learn
from setup_entry_points import entry_points_of_setup
from spacy.language import Language
from tiny_corpus import make_examples
from tiny_pipelines import FOUR_HEADS, add_joint


def test_every_registered_head_has_a_row() -> None:
    lines = entry_points_of_setup()["spacy_factories"]
    assert {line.split(" = ")[0] for line in lines} == {"mtl", *FOUR_HEADS.values()}


@pytest.mark.parametrize(
    "factory,gold,fate",
    [
        ("mtl_tagger", {"tags": ["NEW", "NN"]}, "ignored"),
        ("mtl_ner", {"entities": ["U-NEW", "O"]}, "outside of entities"),
        ("mtl_textcat", {"cats": {"NEW": 1.0}}, "ignored"),
        ("mtl_textcat_multilabel", {"cats": {"NEW": 1.0}}, "ignored"),
    ],
)
def test_unknown_label(nlp: Language, factory: str, gold: Dict[str, Any], fate: str) -> None:
    build(factory, make_examples(nlp), nlp)
    unknown = example(nlp, "old runs", **gold)
    with pytest.warns(UserWarning, match=f"label 'NEW'.*{fate}"):
        nlp.update([unknown], sgd=False)
    nlp.evaluate([unknown])


@pytest.mark.parametrize(
    "factory,labels,score",
    [
        ("mtl_ner", [["PER"], ["LOC"]], "ents_f"),
        ("mtl_textcat", [["a", "b"], ["c", "d"]], "cats_micro_f"),
    ],
)
def test_two_heads_of_a_kind(
    nlp: Language, factory: str, labels: List[List[str]], score: str
) -> None:
    examples = make_examples(nlp)
    for i, eg in enumerate(examples):
        eg.reference.cats.update({"c": float(i < 2), "d": float(i >= 2)})
    add_joint(nlp, None)
    for name, given in zip(("first", "second"), labels):
        nlp.add_pipe(factory, name=name)
        nlp.config["initialize"]["components"][name] = {"labels": given}
    nlp.initialize(lambda: examples)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        learn(nlp, examples, 80)
        scores = nlp.evaluate(examples)
    # Each has its own score keys, also in the weights of spaCy's training loop.
    assert score not in scores
    weights = nlp.config["training"]["score_weights"]
    for name in ("first", "second"):
        assert scores[f"{name}_{score}"] == 1.0
        assert f"{name}_{score}" in weights
    assert sum(weight or 0.0 for weight in weights.values()) == pytest.approx(1.0)
    assert not any(weights[key] for key in weights if not key.startswith(("first", "second")))


@pytest.mark.parametrize(
    "factory,config,match",
    [
        ("mtl_tagger", {"attribute": "lemma"}, "tag, pos"),
        ("mtl_ner", {"learn_rate_scale": 0.0}, "must be > 0"),
        ("mtl_ner", {"label_smoothing": 1.0}, "label_smoothing < 1"),
        ("mtl_textcat", {"class_weights": {"a": -1.0}}, "class weight of 'a'"),
        ("mtl_textcat", {"class_weights": {"z": 1.0}}, r"has \['z'\]"),
        ("mtl_textcat_multilabel", {"threshold": 1.5}, "probability"),
    ],
)
def test_settings_out_of_range(
    nlp: Language, factory: str, config: Dict[str, Any], match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        build(factory, make_examples(nlp), nlp, **config)


@pytest.mark.parametrize("labels", ["LOC", {"1": {"LOC": 5}}, []])
def test_labels_that_are_not_a_list(nlp: Language, labels: Any) -> None:
    add_joint(nlp, None)
    head = nlp.add_pipe("mtl_ner")
    with pytest.raises(ValueError, match="must be a list of labels"):
        head.initialize(lambda: make_examples(nlp), nlp=nlp, labels=labels)
    nlp.config["initialize"]["components"]["mtl_ner"] = {"labels": labels}
    with pytest.raises(ValueError, match="must be a list of labels"):
        nlp.initialize(lambda: make_examples(nlp))
    with pytest.raises(ValueError, match="must be non-empty"):
        head.add_label("")


@pytest.mark.parametrize(
    "factory,what",
    [("mtl_tagger", "token.tag_"), ("mtl_ner", "entities"), ("mtl_textcat", "a category")],
)
def test_no_label_in_the_data(nlp: Language, factory: str, what: str) -> None:
    with pytest.raises(ValueError, match=f"'head' found no labels.*{what}"):
        build(factory, make_examples(nlp, keep=""), nlp)


@pytest.mark.parametrize("factory", FOUR_HEADS.values())
def test_labels_from_the_config(nlp: Language, factory: str) -> None:
    add_joint(nlp, None)
    head = nlp.add_pipe(factory)
    nlp.config["initialize"]["components"][factory] = {"labels": ["X", "LOC", "PER"]}
    nlp.initialize(lambda: make_examples(nlp))
    assert head.labels == ("X", "LOC", "PER")
    assert head.label_data == ["X", "LOC", "PER"]
    assert head.add_label("X") == 0


def test_not_initialized(nlp: Language) -> None:
    add_joint(nlp, None)
    head = nlp.add_pipe("mtl_ner")
    with pytest.raises(ValueError, match="'mtl_ner' is not initialized"):
        head.predict([nlp.make_doc("a")])


@pytest.mark.parametrize("factory", ["mtl_tagger", "mtl_ner", "mtl_textcat"])
def test_head_gradient_is_exact(nlp: Language, factory: str) -> None:
    """The whole head, from views to loss, against finite differences."""
    examples = make_examples(nlp)
    head = build(factory, examples, nlp)
    docs = [eg.predicted for eg in examples]
    views = [
        numpy.random.default_rng(i).normal(size=(len(d), 16)).astype("f")
        for i, d in enumerate(docs)
    ]
    listener = next(n for n in head.model.walk() if hasattr(n, "upstream_name"))
    sent: List[Any] = []

    def loss(view: List[numpy.ndarray]) -> float:
        listener.open(docs, view, lambda d: sent.append([x.copy() for x in d]) or d)
        scores, backprop = head.model.begin_update(docs)
        found, d_scores = head.loss_of(examples, scores)
        backprop(d_scores)
        return found.value

    loss(views)
    found = sent[0]
    direction = [
        numpy.random.default_rng(9 + i).normal(size=v.shape).astype("f")
        for i, v in enumerate(views)
    ]
    size = 1e-2
    plus = loss([v + size * d for v, d in zip(views, direction)])
    minus = loss([v - size * d for v, d in zip(views, direction)])
    slope = sum(float((f * d).sum()) for f, d in zip(found, direction))
    assert (plus - minus) / (2 * size) == pytest.approx(slope, rel=1e-2)


@pytest.mark.parametrize("factory", ["mtl_tagger", "mtl_ner", "mtl_textcat"])
def test_loss_of_a_batch(nlp: Language, factory: str) -> None:
    """It comes from the model's output, not from that of `predict`."""
    examples = make_examples(nlp)
    head = build(factory, examples, nlp)
    docs = [eg.predicted for eg in examples]
    nlp.get_pipe("mtl").set_annotations(docs, nlp.get_pipe("mtl").predict(docs))
    logits = head.model.predict(docs)
    loss, _ = head.loss_of(head.own_examples(examples), logits)
    assert head.loss_of_batch(examples, logits) == loss.value > 0


def test_prepared_labels_are_added(nlp: Language) -> None:
    add_joint(nlp, None)
    head = nlp.add_pipe("mtl_ner")
    assert head.prepare_labels(["PER", "LOC", "PER"], lambda: [])
    assert head.labels == ("PER", "LOC")
