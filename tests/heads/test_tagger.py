"""The tagging head: fine and coarse tags, and what it leaves alone."""

import numpy
import pytest
from learning_heads import build, example, learn
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from tiny_corpus import make_examples
from tiny_pipelines import add_joint


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


def test_tags_keep_their_weight_next_to_pos(nlp: Language) -> None:
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


def test_tags_that_do_not_align(nlp: Language) -> None:
    build("mtl_tagger", make_examples(nlp), nlp)
    gold = {
        "words": ["do", "n't", "go"],
        "spaces": [False, True, False],
        "tags": ["NN", "RB", "NN"],
    }
    predicted = Doc(nlp.vocab, words=["don't", "go"], spaces=[True, False])
    with pytest.warns(UserWarning, match="token \"don't\" of .*doesn't match one token"):
        nlp.update([Example.from_dict(predicted, gold)], sgd=False)


def test_pos_is_a_closed_set(nlp: Language) -> None:
    doc = Doc(nlp.vocab, words=["a"], pos=["NOUN"])
    add_joint(nlp, None)
    head = nlp.add_pipe("mtl_tagger", config={"attribute": "pos"})
    with pytest.raises(ValueError, match="'FOO' is not a universal part-of-speech tag"):
        head.initialize(lambda: [Example(doc, doc)], nlp=nlp, labels=["FOO"])
