"""Converting entities to BILUO classes and back."""

import numpy
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_mtl.heads.biluo import biluo_of, class_names, forbid_edges_on_spaces, spans_of

LABELS = ("LOC", "PER")


@pytest.mark.parametrize(
    ("start", "end", "classes"),
    [
        (0, 1, ["U-PER"]),
        (1, 3, ["B-PER", "L-PER"]),
        (0, 4, ["B-PER", "I-PER", "I-PER", "L-PER"]),
    ],
)
def test_round_trip(start: int, end: int, classes: list) -> None:
    doc = Doc(Vocab(), words=["a", "b", "c", "d"])
    assert biluo_of(Span(doc, start, end, label="PER")) == classes
    names = ["O"] * start + classes + ["O"] * (4 - end)
    found = numpy.asarray([class_names(LABELS).index(name) for name in names])
    assert spans_of(found, LABELS) == [(start, end, "PER")]


def test_entities_side_by_side() -> None:
    names = ["U-LOC", "B-PER", "L-PER", "O", "B-LOC", "I-LOC", "L-LOC"]
    found = numpy.asarray([class_names(LABELS).index(name) for name in names])
    assert spans_of(found, LABELS) == [(0, 1, "LOC"), (1, 3, "PER"), (4, 7, "LOC")]
    assert spans_of(numpy.zeros(3, dtype="int64"), LABELS) == []


def test_whitespace_is_only_allowed_inside() -> None:
    # A vocabulary without a language doesn't set IS_SPACE.
    vocab = spacy.blank("en").vocab
    docs = [Doc(vocab, words=words) for words in (["a", "\n"], [], [" ", "b"])]
    scores = numpy.zeros((4, 9))
    forbid_edges_on_spaces(scores, docs)
    allowed = [[n for n, s in zip(class_names(LABELS), row) if s == 0] for row in scores]
    assert allowed[0] == allowed[3] == class_names(LABELS)
    assert allowed[1] == allowed[2] == ["O", "I-LOC", "I-PER"]
