"""The gold annotation that a head learns from and is scored on."""

from typing import Iterable, List, Sequence

from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from ..types import TASKS_KEY


def without_others(examples: Iterable[Example], task: str) -> List[Example]:
    """Remove annotation that isn't meant for a task.

    examples (Iterable[Example]): Gold documents may list their tasks: see `TASKS_KEY`.
    task (str): The name of the head.
    RETURNS (List[Example]): The same texts; those that list only other tasks lose their
        annotation.
    """
    return [
        eg
        if task in eg.reference.user_data.get(TASKS_KEY, (task,))
        else Example(eg.predicted, _bare(eg.reference))
        for eg in examples
    ]


def decided(example: Example, labels: Sequence[str]) -> Example:
    """Round category values to 0.0 or 1.0.

    example (Example): An example, with or without categories from 0.0 to 1.0.
    labels (Sequence[str]): The categories to round. Others are left alone.
    RETURNS (Example): The example; a new one if a value is neither 0.0 nor 1.0. Values >= 0.5
        become 1.0.
    """
    cats = example.reference.cats
    soft = [label for label in labels if cats.get(label, 0.0) not in (0.0, 1.0)]
    if not soft:
        return example
    gold = copied(example.reference)
    gold.cats = {**cats, **{label: float(cats[label] >= 0.5) for label in soft}}
    return Example(example.predicted, gold)


def copied(doc: Doc) -> Doc:
    """RETURNS (Doc): A copy of a gold document whose annotation can be changed."""
    # Doc.copy fails on a span without tokens.
    parts = ["spans", "user_data", "user_data_keys", "user_data_values"]
    other = Doc(doc.vocab).from_bytes(doc.to_bytes(exclude=parts), exclude=parts)
    other.user_data = dict(doc.user_data)
    for key, group in doc.spans.items():
        spans = [moved(span, other) for span in group if len(span)]
        other.spans[key] = SpanGroup(other, name=group.name, attrs=dict(group.attrs), spans=spans)
    return other


def moved(span: Span, doc: Doc) -> Span:
    """RETURNS (Span): The same span in another document with the same tokens."""
    return Span(doc, span.start, span.end, span.label_, kb_id=span.kb_id_, span_id=span.id_)


def _bare(doc: Doc) -> Doc:
    words = [token.text for token in doc]
    return Doc(doc.vocab, words=words, spaces=[bool(token.whitespace_) for token in doc])
