"""Entities that start or end with whitespace are trimmed in training and scoring."""

import warnings
from typing import Any, Iterable, List

import numpy
import pytest
import spacy
from cases import Case, Gives, check, name_of
from one_head import make_head
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from tiny_corpus import make_examples
from tiny_pipelines import add_joint

WORDS = ["Anna", " ", "saw", "New", "\n", "York", "\n\n"]


SPANS = [
    Case("of words only", [(0, 1)], Gives([(0, 1)])),
    Case("starts with a space", [(1, 3)], Gives([(2, 3)])),
    Case("ends with a space", [(0, 2)], Gives([(0, 1)])),
    Case("spaces at both ends", [(1, 5)], Gives([(2, 4)])),
    Case("a space inside", [(3, 6)], Gives([(3, 6)])),
    Case("a space inside, and one at the end", [(3, 7)], Gives([(3, 6)])),
    Case("whitespace only", [(4, 5)], Gives([])),
    Case("whitespace only, at the end", [(6, 7)], Gives([])),
    Case("whitespace only, next to a word", [(0, 1), (1, 2)], Gives([(0, 1)])),
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
    """Build an example with the same gold and the given predicted spans."""
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
    """In training and scoring: predicting the trimmed span is right and has the lowest loss."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    head: Any = nlp.add_pipe("mtl_ner", name="head", config={"spans_key": key})
    nlp.initialize(lambda: [*make_examples(nlp), gold_of(nlp, [(0, 1)], key)])
    eg = gold_of(nlp, case.given, key)
    is_cut = case.given != case.answer.value  # type: ignore[union-attr]

    def run(spans: Any) -> Any:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            (own,) = head.own_examples([eg])
            head.own_examples([eg])
        assert len([w for w in caught if "starts or ends with whitespace" in str(w.message)]) == (
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
    # The correct sequence with certainty: no loss.
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
    """The pipeline tokenizes differently: aligned spans are trimmed, the rest is left out."""
    head = make_head("mtl_ner")
    gold = gold_of(head.pipeline, [(0, 2), (3, 7)], None).reference
    words = ["Anna", " ", "saw", "New", "\nYork", "\n\n"]
    predicted = Doc(head.vocab, words=words, spaces=[False] * len(words))
    assert predicted.text == gold.text
    with pytest.warns(UserWarning, match="starts or ends with whitespace"):
        (own,) = head.own_examples([Example(predicted, gold)])
    loss, _ = head.loss_of([own], [certain(head, [(0, 1), (3, 5)], len(words))])
    assert loss.value == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("key", [None, "sc"])
@pytest.mark.parametrize("crf", [False, True])
def test_whitespace_of_the_predicted_tokens_alone(key: Any, crf: bool) -> None:
    """Whitespace is part of the gold tokens, but separate tokens in the pipeline."""
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
    with pytest.warns(UserWarning, match="starts or ends with whitespace"):
        loss, _ = head.loss_of([eg], [certain(head, [(0, 1), (3, 5)], 6)])
    assert loss.value == pytest.approx(0.0, abs=1e-5)
    assert nlp.update([eg], sgd=False)["head"] > 0
