"""What each head learns, predicts, scores and refuses."""

import warnings
from typing import Any, Dict, List

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam
from tiny import add_joint, make_docs, make_examples, strip


def build(factory: str, examples: List[Example], nlp: Language, **config: Any) -> Any:
    add_joint(nlp, None)
    nlp.add_pipe(factory, name="head", config=config)
    nlp.initialize(lambda: examples)
    return nlp.get_pipe("head")


def example(nlp: Language, words: str, **gold: Any) -> Example:
    predicted = Doc(nlp.vocab, words=words.split())
    return Example.from_dict(predicted, {"words": words.split(), **gold})


def learn(nlp: Language, examples: List[Example], n: int = 40) -> None:
    sgd = Adam(0.01)
    for _ in range(n):
        nlp.update(examples, sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


def test_tagger_learns_pos(nlp: Language) -> None:
    examples = [example(nlp, "we run", pos=["PRON", "VERB"])]
    build("mtl_tagger", examples, nlp, attribute="pos")
    learn(nlp, examples)
    assert [token.pos_ for token in nlp("we run")] == ["PRON", "VERB"]
    assert nlp.evaluate(examples)["pos_acc"] == 1.0
    assert "tag_acc" not in nlp.evaluate(examples)


def test_pos_counts_for_the_best_model(nlp: Language) -> None:
    examples = [example(nlp, "we run", pos=["PRON", "VERB"])]
    build("mtl_tagger", examples, nlp, attribute="pos")
    weights = nlp.config["training"]["score_weights"]
    assert weights["pos_acc"] == 1.0
    assert not weights["tag_acc"]


def test_tags_keep_their_weight_beside_pos(nlp: Language) -> None:
    add_joint(nlp, None)
    nlp.add_pipe("mtl_tagger", name="pos", config={"attribute": "pos"})
    nlp.add_pipe("mtl_tagger", name="tagger")
    examples = [example(nlp, "we run", pos=["PRON", "VERB"], tags=["PRP", "VBP"])]
    nlp.initialize(lambda: examples)
    weights = nlp.config["training"]["score_weights"]
    assert weights["tag_acc"] == weights["pos_acc"] == 0.5


def test_tagger_keeps_annotation_unless_told(nlp: Language) -> None:
    head = build("mtl_tagger", make_examples(nlp), nlp)
    doc = Doc(nlp.vocab, words=["old", "runs"], tags=["SPECIAL", ""])
    doc.tensor = numpy.zeros((2, 16), dtype="float32")
    head.set_annotations([doc], head.predict([doc]))
    assert doc[0].tag_ == "SPECIAL"
    assert doc[1].tag_ in head.labels
    head.overwrite = True
    head.set_annotations([doc], head.predict([doc]))
    assert doc[0].tag_ in head.labels


def test_missing_tags_are_masked(nlp: Language) -> None:
    examples = [example(nlp, "a b c", tags=["X", "", "Y"]), example(nlp, "a b c")]
    head = build("mtl_tagger", examples, nlp)
    scores = [numpy.random.default_rng(0).normal(size=(3, 2)).astype("f") for _ in examples]
    loss, d_scores = head.loss_of(examples, scores)
    assert loss.n_units == 2
    assert [row.any() for row in d_scores[0]] == [True, False, True]
    assert not d_scores[1].any()


def test_missing_entities_are_masked(nlp: Language) -> None:
    words = "Bo saw Rome twice"
    half = Doc(nlp.vocab, words=words.split())
    half.set_ents([Span(half, 0, 1, "PER")], outside=[half[1:2]], default="missing")
    nothing = Doc(nlp.vocab, words=words.split())
    examples = [Example(Doc(nlp.vocab, words=words.split()), doc) for doc in (half, nothing)]
    head = build("mtl_ner", examples, nlp)
    scores = [numpy.zeros((4, 5), dtype="f") for _ in examples]
    loss, d_scores = head.loss_of(examples, scores)
    assert loss.n_units == 2
    assert [row.any() for row in d_scores[0]] == [True, True, False, False]
    assert not d_scores[1].any()


def test_no_entities_is_annotation(nlp: Language) -> None:
    empty = Doc(nlp.vocab, words=["a", "b"])
    empty.set_ents([], default="outside")
    examples = [*make_examples(nlp), Example(Doc(nlp.vocab, words=["a", "b"]), empty)]
    head = build("mtl_ner", examples, nlp)
    loss, _ = head.loss_of(examples[-1:], [numpy.zeros((2, len(head.classes())), dtype="f")])
    assert loss.n_units == 2


def test_entities_learn_and_overlap_is_dropped(nlp: Language) -> None:
    examples = make_examples(nlp)
    head = build("mtl_ner", examples, nlp)
    learn(nlp, examples)
    assert [(e.text, e.label_) for e in nlp("the books of New York are old").ents] == [
        ("New York", "LOC")
    ]
    doc = nlp.make_doc("the books of New York are old")
    doc.set_ents([Span(doc, 4, 6, "RULE")])
    doc = nlp.get_pipe("mtl")(doc)
    assert [e.label_ for e in head(doc).ents] == ["RULE"]


def test_blocked_tokens_stay_blocked(nlp: Language) -> None:
    head = build("mtl_ner", make_examples(nlp), nlp)
    head.model.get_ref("output_layer").get_param("b")[4::4] = 50.0  # U- everywhere
    doc = nlp.get_pipe("mtl")(nlp.make_doc("Anna runs home"))
    doc.set_ents([], blocked=[doc[0:2]], default="unmodified")
    assert [ent.text for ent in head(doc).ents] == ["home"]
    assert [token.ent_iob for token in doc] == [3, 3, 3]


def test_entities_do_not_begin_or_end_on_spaces(nlp: Language) -> None:
    head = build("mtl_ner", make_examples(nlp), nlp)
    head.model.get_ref("output_layer").get_param("b")[1:] = 50.0
    for text in ("New  York ", " \n ", "a \n b"):
        for ent in nlp(text).ents:
            assert not ent[0].is_space
            assert not ent[-1].is_space


def test_misaligned_entity_warns_and_is_left_out(nlp: Language) -> None:
    reference = Doc(nlp.vocab, words=["Ber", "lin", "is"], spaces=[False, True, False])
    reference.set_ents([Span(reference, 0, 1, "LOC")], default="outside")
    misaligned = Example(Doc(nlp.vocab, words=["Berlin", "is"], spaces=[True, False]), reference)
    head = build("mtl_ner", make_examples(nlp), nlp)
    scores = [numpy.zeros((2, len(head.classes())), dtype="f")]
    with pytest.warns(UserWarning, match="'Ber' in 'Berlin is'.*left out"):
        loss, _ = head.loss_of([misaligned], scores)
    assert loss.n_units == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        head.loss_of([misaligned], scores)


@pytest.mark.parametrize(
    "cats,label",
    [({"a": 1.0, "b": 0.0}, "a"), ({"b": 1.0}, "b"), ({"a": 0.0, "b": 0.0}, None), ({}, None)],
)
def test_exclusive_categories(nlp: Language, cats: Dict[str, float], label: Any) -> None:
    examples = [example(nlp, "x y", cats=cats)]
    head = build("mtl_textcat", make_examples(nlp), nlp)
    loss, d_scores = head.loss_of(examples, numpy.zeros((1, 2), dtype="f"))
    assert loss.n_units == (label is not None)
    if label is not None:
        assert d_scores[0, head.labels.index(label)] == pytest.approx(-0.5)


@pytest.mark.parametrize("cats", [{"a": 1.0, "b": 1.0}, {"a": 0.4, "b": 0.6}])
def test_exclusive_categories_refuse_others(nlp: Language, cats: Dict[str, float]) -> None:
    head = build("mtl_textcat", make_examples(nlp), nlp)
    with pytest.raises(ValueError, match="mtl_textcat_multilabel"):
        head.loss_of([example(nlp, "x y", cats=cats)], numpy.zeros((1, 2), dtype="f"))


def test_multilabel_categories(nlp: Language) -> None:
    examples = [example(nlp, "x y", cats={"a": 1.0, "b": 1.0}), example(nlp, "z", cats={"b": 0.0})]
    head = build("mtl_textcat_multilabel", examples, nlp)
    loss, d_scores = head.loss_of(examples, numpy.zeros((2, 2), dtype="f"))
    assert loss.n_units == 3
    assert not d_scores[1, head.labels.index("a")]
    assert d_scores[1, head.labels.index("b")] > 0
    learn(nlp, examples)
    assert nlp("x y").cats["a"] > 0.5
    assert nlp("z").cats["b"] < 0.5
    assert nlp.evaluate(examples)["cats_micro_f"] == 1.0


@pytest.mark.parametrize("value", [2.0, -1.0, float("nan")])
def test_multilabel_refuses_other_values(nlp: Language, value: float) -> None:
    head = build("mtl_textcat_multilabel", make_examples(nlp), nlp)
    with pytest.raises(ValueError, match=r"from 0.0 to 1.0"):
        head.loss_of([example(nlp, "x y", cats={"a": value})], numpy.zeros((1, 2), dtype="f"))


def test_threshold_counts_in_scores(nlp: Language) -> None:
    examples = [example(nlp, "x y", cats={"a": 1.0, "b": 0.0})]
    head = build("mtl_textcat_multilabel", examples, nlp, threshold=1.0)
    assert nlp.evaluate(examples)["cats_micro_r"] == 0.0
    head.cfg["threshold"] = 0.0
    assert nlp.evaluate(examples)["cats_micro_r"] == 1.0


def test_class_weights_multiply_the_loss(nlp: Language) -> None:
    head = build("mtl_textcat", make_examples(nlp), nlp, class_weights={"a": 3.0})
    zeros = numpy.zeros((1, 2), dtype="f")
    losses = [
        head.loss_of([example(nlp, "x", cats={label: 1.0})], zeros)[0].value for label in "ab"
    ]
    assert losses[0] == pytest.approx(3 * losses[1])


def test_two_heads_of_exclusive_categories(nlp: Language) -> None:
    cats = {"a": 1.0, "b": 0.0, "good": 0.0, "bad": 1.0}
    add_joint(nlp, None)
    nlp.add_pipe("mtl_textcat", name="topic")
    nlp.add_pipe("mtl_textcat", name="mood")
    components = nlp.config["initialize"]["components"]
    components["topic"] = {"labels": ["a", "b"]}
    components["mood"] = {"labels": ["good", "bad"]}
    examples = [example(nlp, "x y", cats=cats)]
    nlp.initialize(lambda: examples)
    learn(nlp, examples)
    found = nlp("x y").cats
    assert found["a"] > 0.5
    assert found["bad"] > 0.5


def test_no_positive_category_does_not_count_in_scores(nlp: Language) -> None:
    examples = [example(nlp, "x", cats={"a": 0.0, "b": 0.0})]
    build("mtl_textcat", make_examples(nlp), nlp)
    assert not nlp.evaluate(examples)["cats_micro_f"]


def test_pooling_of_another_width(nlp: Language) -> None:
    pooling = {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 8}
    examples = make_examples(nlp)
    build("mtl_textcat", examples, nlp, model={"pooling": pooling})
    learn(nlp, examples, 2)
    loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert loaded("old runs").cats == nlp("old runs").cats


def test_documents_without_gold_do_not_count_in_scores(nlp: Language) -> None:
    examples = make_examples(nlp)
    build("mtl_textcat", examples, nlp)
    learn(nlp, examples)
    without = [Example(nlp.make_doc("old runs "), strip(make_docs(nlp)[3], ""))]
    assert nlp.evaluate([*examples, *without])["cats_score"] == 1.0


@pytest.mark.parametrize(
    "factory,gold,fate",
    [
        ("mtl_tagger", {"tags": ["NEW", "NN"]}, "left out"),
        ("mtl_ner", {"entities": ["U-NEW", "O"]}, "outside of entities"),
        ("mtl_textcat", {"cats": {"NEW": 1.0}}, "left out"),
        ("mtl_textcat_multilabel", {"cats": {"NEW": 1.0}}, "left out"),
    ],
)
def test_label_that_the_head_does_not_know(
    nlp: Language, factory: str, gold: Dict[str, Any], fate: str
) -> None:
    build(factory, make_examples(nlp), nlp)
    unknown = example(nlp, "old runs", **gold)
    with pytest.warns(UserWarning, match=f"label 'NEW'.*{fate}"):
        nlp.update([unknown], sgd=False)
    nlp.evaluate([unknown])


@pytest.mark.parametrize("cats", [{"a": 0.0, "b": 0.0, "NEW": 1.0}, {"NEW": 1.0}])
def test_unknown_category_does_not_count_in_scores(nlp: Language, cats: Dict[str, float]) -> None:
    examples = make_examples(nlp)
    build("mtl_textcat", examples, nlp)
    learn(nlp, examples)
    unknown = [example(nlp, text, cats=cats) for text in ("old runs", "Anna books", "x y")]
    with pytest.warns(UserWarning, match="label 'NEW'"):
        assert nlp.evaluate([*examples, *unknown])["cats_micro_f"] == 1.0


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
    # Each has keys of its own, and so have the weights of spaCy's loop.
    assert score not in scores
    weights = nlp.config["training"]["score_weights"]
    for name in ("first", "second"):
        assert scores[f"{name}_{score}"] == 1.0
        assert f"{name}_{score}" in weights
    assert sum(weight or 0.0 for weight in weights.values()) == pytest.approx(1.0)
    assert not any(weights[key] for key in weights if not key.startswith(("first", "second")))


def test_categories_of_two_heads_without_labels(nlp: Language) -> None:
    with pytest.raises(ValueError, match=r"another head's.*initialize.components.head.labels"):
        build("mtl_textcat", [example(nlp, "x", cats={"a": 1.0, "c": 1.0})], nlp)


@pytest.mark.parametrize(
    "factory,model",
    [
        ("mtl_tagger", {"@architectures": "spacy.Tagger.v2"}),
        (
            "mtl_textcat",
            {
                "@architectures": "spacy.TextCatReduce.v1",
                "exclusive_classes": True,
                **{f"use_reduce_{name}": True for name in ("first", "last", "max", "mean")},
            },
        ),
    ],
)
def test_stock_model_in_a_head(nlp: Language, factory: str, model: Dict[str, Any]) -> None:
    add_joint(nlp, None)
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    with pytest.raises(ValueError, match="does not say what it scores.*logits"):
        nlp.add_pipe(factory, name="head", config={"model": {**model, "tok2vec": listener}})


def test_tags_that_do_not_align(nlp: Language) -> None:
    build("mtl_tagger", make_examples(nlp), nlp)
    gold = {
        "words": ["do", "n't", "go"],
        "spaces": [False, True, False],
        "tags": ["NN", "RB", "NN"],
    }
    predicted = Doc(nlp.vocab, words=["don't", "go"], spaces=[True, False])
    with pytest.warns(UserWarning, match='token "don\'t" of .*not one token'):
        nlp.update([Example.from_dict(predicted, gold)], sgd=False)


@pytest.mark.parametrize(
    "factory,config,match",
    [
        ("mtl_tagger", {"attribute": "lemma"}, "tag, pos"),
        ("mtl_ner", {"learn_rate_scale": 0.0}, "must be > 0"),
        ("mtl_ner", {"label_smoothing": 1.0}, "label_smoothing < 1"),
        ("mtl_textcat", {"class_weights": {"a": -1.0}}, "class weight of 'a'"),
        ("mtl_textcat", {"class_weights": {"z": 1.0}}, r"names \['z'\]"),
        ("mtl_textcat_multilabel", {"threshold": 1.5}, "probability"),
    ],
)
def test_settings_out_of_range(
    nlp: Language, factory: str, config: Dict[str, Any], match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        build(factory, make_examples(nlp), nlp, **config)


@pytest.mark.parametrize("labels", ["LOC", {"1": {"LOC": 5}}, []])
def test_labels_that_are_no_list(nlp: Language, labels: Any) -> None:
    add_joint(nlp, None)
    head = nlp.add_pipe("mtl_ner")
    with pytest.raises(ValueError, match="must be a list of labels"):
        head.initialize(lambda: make_examples(nlp), nlp=nlp, labels=labels)
    nlp.config["initialize"]["components"]["mtl_ner"] = {"labels": labels}
    with pytest.raises(ValueError, match="must be a list of labels"):
        nlp.initialize(lambda: make_examples(nlp))
    with pytest.raises(ValueError, match="not empty"):
        head.add_label("")


def test_pos_is_a_closed_set(nlp: Language) -> None:
    doc = Doc(nlp.vocab, words=["a"], pos=["NOUN"])
    add_joint(nlp, None)
    head = nlp.add_pipe("mtl_tagger", config={"attribute": "pos"})
    with pytest.raises(ValueError, match="'FOO' is no universal part-of-speech tag"):
        head.initialize(lambda: [Example(doc, doc)], nlp=nlp, labels=["FOO"])


def test_one_exclusive_category(nlp: Language) -> None:
    with pytest.raises(ValueError, match="one label only, 'a'.*mtl_textcat_multilabel"):
        build("mtl_textcat", [example(nlp, "x", cats={"a": 1.0})], nlp)


def test_no_hidden_units(nlp: Language) -> None:
    with pytest.raises(ValueError, match="'hidden_width' of a head's model is 0"):
        build("mtl_ner", make_examples(nlp), nlp, model={"hidden_width": 0})


@pytest.mark.parametrize(
    "factory,what",
    [("mtl_tagger", "token.tag_"), ("mtl_ner", "entities"), ("mtl_textcat", "a category")],
)
def test_no_label_in_the_data(nlp: Language, factory: str, what: str) -> None:
    with pytest.raises(ValueError, match=f"'head' found no label.*{what}"):
        build(factory, make_examples(nlp, keep=""), nlp)


@pytest.mark.parametrize(
    "factory", ["mtl_ner", "mtl_tagger", "mtl_textcat", "mtl_textcat_multilabel"]
)
def test_labels_from_the_config(nlp: Language, factory: str) -> None:
    add_joint(nlp, None)
    head = nlp.add_pipe(factory)
    nlp.config["initialize"]["components"][factory] = {"labels": ["X", "LOC", "PER"]}
    nlp.initialize(lambda: make_examples(nlp))
    assert head.labels == ("X", "LOC", "PER")
    assert head.label_data == ["X", "LOC", "PER"]
    with pytest.raises(ValueError, match="has its size already"):
        head.add_label("MORE")
    assert head.add_label("X") == 0


def test_not_initialized(nlp: Language) -> None:
    add_joint(nlp, None)
    head = nlp.add_pipe("mtl_ner")
    with pytest.raises(ValueError, match="'mtl_ner' is not initialised"):
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


CRF = {
    "model": {
        "@architectures": "spacy_mtl.TokenClassifier.v1",
        "learn_transitions": True,
        "tok2vec": {"@architectures": "spacy_mtl.TaskListener.v1"},
    }
}


def test_learned_transitions(nlp: Language) -> None:
    """The head is a CRF: its transitions learn, are saved, and decide what it predicts."""
    examples = make_examples(nlp)
    head = build("mtl_ner", examples, nlp, learn_rate_scale=2.0, **CRF)
    learn(nlp, examples)
    assert nlp.evaluate(examples)["ents_f"] == 1.0
    transitions = head.model.get_ref("transitions").get_param("T")
    assert transitions.any()
    reloaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    saved = reloaded.get_pipe("head").model.get_ref("transitions").get_param("T")
    assert numpy.array_equal(saved, transitions)
    text = "Anna books a room in Berlin ."
    assert reloaded(text).ents
    # A transition from O into the entity at the start that costs more than all it gains.
    saved[:] = 0
    saved[-1, 1:] = -1e6
    assert not reloaded("Anna").ents


def test_a_loss_alone_teaches_no_transitions(nlp: Language) -> None:
    examples = make_examples(nlp)
    head = build("mtl_ner", examples, nlp, **CRF)
    nlp.update(examples, sgd=False)
    transitions = head.model.get_ref("transitions")
    before = transitions.get_grad("T").copy()
    assert before.any()
    scores = [numpy.zeros((len(eg), len(head.classes())), dtype="f") for eg in examples]
    head.get_loss(examples, scores)
    assert numpy.array_equal(transitions.get_grad("T"), before)


def test_transitions_and_gold_that_does_not_align(nlp: Language) -> None:
    head = build("mtl_ner", make_examples(nlp), nlp, **CRF)
    gold = Doc(
        nlp.vocab, words=["Anna", "Lee", "-Berlin", "sings"], ents=["B-PER", "I-PER", "B-LOC", "O"]
    )
    for words in (["Anna", "Lee-Berlin", "sings"], ["Anna", "Lee", "-", "Ber", "lin", "sings"]):
        spaces = [word != "-" and word != "Ber" for word in words]
        eg = Example(Doc(nlp.vocab, words=words, spaces=spaces), gold)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert numpy.isfinite(nlp.update([eg], sgd=False)[head.name])


def test_transitions_without_annotation_stay(nlp: Language) -> None:
    examples = make_examples(nlp)
    head = build("mtl_ner", examples, nlp, **CRF)
    learn(nlp, examples, 3)
    before = head.model.get_ref("transitions").get_param("T").copy()
    learn(nlp, make_examples(nlp, ""), 3)
    assert numpy.array_equal(head.model.get_ref("transitions").get_param("T"), before)


@pytest.mark.parametrize(
    ("factory", "settings"),
    [("mtl_ner", {"label_smoothing": 0.1}), ("mtl_tagger", {})],
)
def test_transitions_that_have_no_use(
    nlp: Language, factory: str, settings: Dict[str, Any]
) -> None:
    add_joint(nlp, None)
    with pytest.raises(ValueError, match="learn_transitions"):
        nlp.add_pipe(factory, config={**CRF, **settings})
