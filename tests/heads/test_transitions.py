"""The entity head as a CRF: its transitions are learned, used and saved."""

import warnings
from typing import Any, Dict

import numpy
import pytest
import spacy
from learning_heads import build, learn
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from tiny_corpus import make_examples
from tiny_pipelines import add_joint

CRF = {
    "model": {
        "@architectures": "spacy_mtl.TokenClassifier.v1",
        "learn_transitions": True,
        "tok2vec": {"@architectures": "spacy_mtl.TaskListener.v1"},
    }
}


def test_learned_transitions(nlp: Language) -> None:
    """Transitions are learned, saved, and affect predictions."""
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
    # Starting with an entity now costs more than it gains.
    saved[:] = 0
    saved[-1, 1:] = -1e6
    assert not reloaded("Anna").ents


def test_the_loss_alone_does_not_change_transitions(nlp: Language) -> None:
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


def test_transitions_do_not_change_without_annotation(nlp: Language) -> None:
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
def test_unusable_transitions(nlp: Language, factory: str, settings: Dict[str, Any]) -> None:
    add_joint(nlp, None)
    with pytest.raises(ValueError, match="learn_transitions"):
        nlp.add_pipe(factory, config={**CRF, **settings})
