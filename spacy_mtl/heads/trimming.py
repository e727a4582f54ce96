"""Trimming entities that start or end with whitespace, which no head can predict."""

from typing import List, Optional, Sequence, Tuple

from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from .biluo import biluo_of
from .gold import copied, moved


def fit_to_words(example: Example, key: Optional[str]) -> Tuple[Example, List[Span]]:
    """Trim entities to their words.

    example (Example): An example, annotated or not.
    key (Optional[str]): A key of `doc.spans`; None for `doc.ents`.
    RETURNS (Tuple[Example, List[Span]]): The example, a new one if an entity starts or ends
        with whitespace, and the spans that were trimmed or (without a word or label) left out.
    """
    gold = example.reference
    spans = gold.ents if key is None else gold.spans.get(key, ())
    fitted = [(span, _words_of(span)) for span in spans]
    changed = [span for span, words in fitted if words is not span]
    if not changed:
        return example, changed
    other = copied(gold)
    kept = [moved(words, other) for _, words in fitted if words is not None]
    if key is not None:
        other.spans[key] = SpanGroup(other, name=key, spans=kept)
    else:
        left = {i for span in changed for i in range(span.start, span.end)}
        left.difference_update(i for span in kept for i in range(span.start, span.end))
        cut = [other[i : i + 1] for i in sorted(left)]
        other.set_ents(kept, outside=cut, default="unmodified")
    return Example(example.predicted, other), changed


def fit_classes(doc: Doc, spans: Sequence[Span], classes: List[Optional[str]]) -> Optional[Span]:
    """Trim aligned entities to their words in a document tokenized differently from the gold one.

    doc (Doc): The predicted document.
    spans (Sequence[Span]): Its gold entities, aligned.
    classes (List[Optional[str]]): The BILUO class of each token. Modified in place.
    RETURNS (Optional[Span]): The first entity that was changed.
    """
    changed = None
    for span in spans:
        words = _words_of(span) if span.doc is doc else span
        if words is not span:
            changed = changed or span
            classes[span.start : span.end] = ["O"] * len(span)
            if words is not None:
                classes[words.start : words.end] = biluo_of(words)
    return changed


def _words_of(span: Span) -> Optional[Span]:
    doc, start, end = span.doc, span.start, span.end
    while start < end and doc[start].text.isspace():
        start += 1
    while end > start and doc[end - 1].text.isspace():
        end -= 1
    if start == end or not span.label:
        return None
    if (start, end) == (span.start, span.end):
        return span
    return Span(doc, start, end, span.label_, kb_id=span.kb_id_, span_id=span.id_)
