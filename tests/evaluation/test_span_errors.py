"""Kinds of errors, by hand."""

from typing import List, Sequence, Tuple

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_mtl.evaluation.span_errors import KINDS, SpanError, find_span_errors
from spacy_mtl.evaluation.spans import Entities, Spans

WORDS = ["Ada", "Lovelace", "of", "London", "met", "Bo", "in", "Old", "York", "today"]
Found = Sequence[Tuple[int, int, str]]


def errors_of(gold: Found, predicted: Found, n_listed: int = 9) -> List[SpanError]:
    vocab = spacy.blank("en").vocab
    docs = []
    for spans in (predicted, gold):
        doc = Doc(vocab, words=WORDS)
        doc.set_ents([Span(doc, *span) for span in spans], default="outside")
        docs.append(doc)
    found = find_span_errors([Example(*docs)], Entities(), n_listed)
    assert sum(found.counts.values()) >= len(found.listed)
    assert list(found.counts) == list(KINDS)
    return found.listed


@pytest.mark.parametrize(
    ("gold", "predicted", "kinds"),
    [
        ([(0, 2, "PER")], [(0, 2, "PER")], []),
        ([(0, 2, "PER")], [(0, 2, "LOC")], ["wrong type"]),
        ([(0, 2, "PER")], [(1, 2, "PER")], ["wrong borders"]),
        ([(0, 2, "PER")], [(1, 4, "LOC")], ["wrong type and borders"]),
        ([(0, 2, "PER")], [], ["missed"]),
        ([], [(0, 2, "PER")], ["made up"]),
        ([(0, 2, "PER")], [(5, 6, "PER")], ["missed", "made up"]),
        # Each is part of one error: the closest pair first.
        ([(0, 4, "PER")], [(0, 2, "PER"), (3, 4, "PER")], ["wrong borders", "made up"]),
        ([(0, 2, "A"), (2, 4, "B")], [(1, 4, "A")], ["wrong type and borders", "missed"]),
        ([(0, 1, "A"), (1, 2, "B")], [(0, 2, "B")], ["wrong borders", "missed"]),
        # A right entity isn't part of any.
        ([(0, 2, "A"), (3, 4, "B")], [(0, 2, "A"), (2, 4, "B")], ["wrong borders"]),
    ],
)
def test_kinds(gold: Found, predicted: Found, kinds: List[str]) -> None:
    assert [error.kind for error in errors_of(gold, predicted)] == kinds


def test_text_in_context() -> None:
    (error,) = errors_of([(7, 9, "LOC")], [(6, 8, "PER")])
    assert error.gold is not None
    assert error.predicted is not None
    assert (error.gold.text, error.gold.label) == ("Old York", "LOC")
    assert (error.predicted.text, error.predicted.label) == ("in Old", "PER")
    assert error.before + error.text + error.after == " ".join(WORDS) + " "
    assert error.text == "in Old York"
    (missed,) = errors_of([(9, 10, "DATE")], [])
    assert missed.predicted is None
    assert missed.before == "…" + " ".join(WORDS[:9])[-39:] + " "


def test_number_of_listed_errors() -> None:
    gold = [(0, 1, "A"), (3, 4, "A"), (5, 6, "A")]
    assert [error.text for error in errors_of(gold, [], n_listed=2)] == ["Ada", "London"]
    assert errors_of(gold, [], n_listed=0) == []


def test_documents_without_annotation() -> None:
    """Of spans under a key, too."""
    vocab = spacy.blank("en").vocab
    gold, predicted = Doc(vocab, words=WORDS), Doc(vocab, words=WORDS)
    predicted.spans["sc"] = [Span(predicted, 0, 1, "A")]
    spans = Spans(lambda doc: doc.spans["sc"], lambda doc: "sc" in doc.spans)
    assert not any(find_span_errors([Example(predicted, gold)], spans, 9).counts.values())
    assert not spans.count([Example(predicted, gold)]).counts.any()


def test_tokens_without_annotation() -> None:
    vocab = spacy.blank("en").vocab
    gold, predicted = Doc(vocab, words=WORDS), Doc(vocab, words=WORDS)
    gold.set_ents([Span(gold, 0, 1, "A")], missing=[Span(gold, 3, 6, "")], default="outside")
    predicted.set_ents([Span(predicted, 0, 1, "A"), Span(predicted, 4, 5, "A")])
    assert find_span_errors([Example(predicted, gold)], Entities(), 9).listed == []
