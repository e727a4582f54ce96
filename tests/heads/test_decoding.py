"""Confidences and thresholds of entity heads: what they change in documents, and what not."""

from typing import Any, Dict, List, Tuple

import numpy
import pytest
from legal_sequences import all_segments
from one_head import make_head
from spacy.tokens import Doc, Span
from tiny_corpus import make_examples
from tiny_pipelines import CRF

from spacy_mtl.heads import decoding
from spacy_mtl.heads.calibration import Calibration
from spacy_mtl.heads.marginals import segment_marginals

KINDS: Dict[str, Dict[str, Any]] = {
    "constrained": {},
    "CRF": {"model": CRF},
    "spans": {"spans_key": "sc", "labels": ["PER", "LOC"]},
}
all_kinds = pytest.mark.parametrize("config", KINDS.values(), ids=list(KINDS))


def texts_of(head: Any) -> List[Doc]:
    """With an empty one, one of whitespace, and one with a space in it."""
    nlp = head.pipeline
    docs = [eg.predicted for eg in make_examples(nlp)]
    return [*docs, nlp.make_doc(""), nlp.make_doc(" \n "), nlp.make_doc("Anna  lives  in Rome")]


def annotate(head: Any, **settings: Any) -> List[Doc]:
    for key, value in settings.items():
        setattr(head, key, value)
    return list(head.pipeline.pipe(texts_of(head)))


def spans_of(head: Any, doc: Doc) -> List[Span]:
    return list(doc.ents if head.spans_key is None else doc.spans[head.spans_key])


def places_of(head: Any, docs: List[Doc]) -> List[List[Tuple[int, int, str]]]:
    return [[(span.start, span.end, span.label_) for span in spans_of(head, doc)] for doc in docs]


@all_kinds
def test_predictions_stay_the_same(config: Dict[str, Any]) -> None:
    """To the last bit, unless a threshold drops them."""
    head = make_head("mtl_ner", **config)
    plain = annotate(head)
    assert not any(doc.user_data for doc in plain)
    for settings in ({"confidence": True}, {"n_best": 3}, {"threshold": 0.0}):
        docs = annotate(head, **settings)
        assert [doc.to_json() for doc in docs] == [doc.to_json() for doc in plain]
        spans = [span for doc in docs for span in spans_of(head, doc)]
        assert spans
        for doc in docs:
            iobs = doc.to_array(["ENT_IOB", "ENT_TYPE"])
            assert numpy.array_equal(iobs, plain[docs.index(doc)].to_array(["ENT_IOB", "ENT_TYPE"]))


@all_kinds
def test_confidences_are_marginals(config: Dict[str, Any]) -> None:
    head = make_head("mtl_ner", confidence=True, **config)
    docs = annotate(head)
    found = head.confidences(docs)
    assert [[each[:3] for each in own] for own in found] == places_of(head, docs)
    transitions = head.transitions() if head.learns_transitions else None
    for doc, logits, own in zip(docs, head.predict(docs), found):
        if not len(doc):
            continue
        flat = logits.copy()
        flat[[token.is_space for token in doc], 1:] = -numpy.inf
        inside = [token.is_space for token in doc]
        flat[inside, 2::4] = logits[inside, 2::4]
        segments = all_segments(len(doc), len(head.labels))
        values = segment_marginals(flat, [len(doc)], *segments.T, transitions)
        expected = dict(zip(map(tuple, segments.tolist()), values))
        for (start, end, label, probability), span in zip(own, spans_of(head, doc)):
            kind = head.labels.index(label)
            assert probability == pytest.approx(expected[start, end, kind], abs=1e-12)
            assert span._.confidence == probability
    if head.spans_key is not None:
        for doc, own in zip(docs, found):
            scores = doc.spans[head.spans_key].attrs["scores"]
            assert scores.dtype == numpy.float32
            assert scores == pytest.approx([each[3] for each in own])


def test_groups_of_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few together give what all together give."""
    head = make_head("mtl_ner")
    docs = annotate(head)
    expected = head.confidences(docs)
    monkeypatch.setattr(decoding, "_MOST", 100)
    for own, others in zip(head.confidences(docs), expected):
        assert [each[:3] for each in own] == [each[:3] for each in others]
        assert [each[3] for each in own] == pytest.approx([each[3] for each in others], abs=1e-12)


@all_kinds
def test_threshold(config: Dict[str, Any]) -> None:
    head = make_head("mtl_ner", **config)
    found = head.confidences(annotate(head))
    middle = float(numpy.median([each[3] for own in found for each in own]))
    docs = annotate(head, threshold=middle)
    kept = [[each[:3] for each in own if each[3] >= middle] for own in found]
    assert places_of(head, docs) == kept
    assert 0 < sum(map(len, kept)) < sum(map(len, found))
    # They are known before the threshold, and don't change the documents.
    before = [doc.to_bytes() for doc in docs]
    assert head.confidences(docs) == found
    assert [doc.to_bytes() for doc in docs] == before
    label = found[0][0][2]
    docs = annotate(head, threshold={label: 1.0})
    kept = [[each[:3] for each in own if each[2] != label] for own in found]
    assert places_of(head, docs) == kept
    assert places_of(head, annotate(head, threshold=None)) == [
        [each[:3] for each in own] for own in found
    ]


def test_entities_of_others() -> None:
    """They stay, and have no confidence; nor have entities that they keep out."""
    head = make_head("mtl_ner", confidence=True, threshold=0.0)
    (doc, *_) = annotate(head)
    predicted = doc.ents[0]
    again = head.pipeline.make_doc(doc.text)
    again.set_ents(
        [Span(again, predicted.start, predicted.end, predicted.label_)], default="missing"
    )
    again = head.pipeline(again)
    assert [str(ent) for ent in again.ents] == [str(ent) for ent in doc.ents]
    assert again.ents[0]._.confidence is None
    blocked = head.pipeline.make_doc(doc.text)
    blocked.set_ents([], blocked=[blocked[predicted.start : predicted.end]], default="missing")
    blocked = head.pipeline(blocked)
    rest = [(ent.start, ent.end) for ent in doc.ents[1:]]
    assert [(ent.start, ent.end) for ent in blocked.ents] == rest
    assert all(0 < ent._.confidence <= 1 for ent in blocked.ents)
    assert blocked[predicted.start : predicted.end]._.confidence is None


@all_kinds
def test_n_best(config: Dict[str, Any]) -> None:
    """The first is the prediction; entities are as probable as the analyses that have them."""
    head = make_head("mtl_ner", n_best=40_000, confidence=True, **config)
    nlp = head.pipeline
    doc = nlp("Anna lives in Berlin")
    best = doc._.head_n_best
    assert best[0].entities == places_of(head, [doc])[0]
    assert sum(each.probability for each in best) == pytest.approx(1.0)
    assert [each.probability for each in best] == sorted(
        (each.probability for each in best), reverse=True
    )
    for span in spans_of(head, doc):
        place = (span.start, span.end, span.label_)
        total = sum(each.probability for each in best if place in each.entities)
        assert span._.confidence == pytest.approx(total)
    head.n_best = 3
    docs = annotate(head)
    assert [len(doc._.head_n_best) for doc in docs[:2]] == [3, 3]
    assert docs[-3]._.head_n_best == []
    # Entities can't start with whitespace.
    assert [each.entities for each in docs[-2]._.head_n_best] == [[]]


def test_transitions_share_the_temperature() -> None:
    head = make_head("mtl_ner", model=CRF)
    doc = annotate(head)[0]
    transitions = head.model.get_ref("transitions")
    transitions.set_param("T", transitions.get_param("T") + 3 * numpy.eye(10, dtype="float32"))
    head.calibration = Calibration(temperature=2.0)
    calibrated = head.confidences([doc])
    head.calibration = None
    output = head.model.get_ref("output_layer")
    for name in ("W", "b"):
        output.set_param(name, output.get_param(name) / 2)
    transitions.set_param("T", transitions.get_param("T") / 2)
    (expected,) = head.confidences([doc])
    assert [each[3] for each in calibrated[0]] == pytest.approx([each[3] for each in expected])


@all_kinds
def test_nothing(config: Dict[str, Any]) -> None:
    head = make_head("mtl_ner", threshold=0.5, n_best=2, **config)
    nlp = head.pipeline
    assert head.confidences([]) == []
    assert head.confidences([nlp.make_doc("")]) == [[]]
    doc = nlp("")
    assert spans_of(head, doc) == []
    assert doc._.head_n_best == []
