"""Count entities and other spans as spaCy's scorers do."""

from typing import Any, Callable, Iterable, Sequence, Set, Tuple

from spacy.tokens import Doc, Span
from spacy.training import Example

from .label_counts import MADE_UP, MISSED, RIGHT, CountTable, LabelCounts


def count_entities(examples: Sequence[Example]) -> LabelCounts:
    """Count `doc.ents`. Entities at tokens without annotation are neither right nor wrong.

    examples (Sequence[Example]): Predicted and gold documents.
    RETURNS (LabelCounts): The counts.
    SOURCE: `spacy.scorer.get_ner_prf`.
    """
    table = CountTable()
    for i, eg in enumerate(examples):
        if not eg.reference.has_annotation("ENT_IOB"):
            continue
        gold = {(ent.label_, ent.start, ent.end) for ent in eg.reference.ents}
        aligned = eg.alignment.x2y
        for ent in eg.predicted.ents:
            indices = aligned[ent.start : ent.end]
            if not len(indices):
                continue
            start, end = int(indices[0]), int(indices[-1]) + 1
            if all(token.ent_iob != 0 for token in eg.reference[start:end]):
                key = (ent.label_, start, end)
                table.add(i, ent.label_, RIGHT if key in gold else MADE_UP)
                gold.discard(key)
        for label, _, _ in gold:
            table.add(i, label, MISSED)
    return table.finish(len(examples))


def count_spans(
    examples: Sequence[Example],
    get: Callable[[Doc], Iterable[Span]],
    is_annotated: Callable[[Doc], bool],
    *,
    allow_overlap: bool = False,
    labeled: bool = True,
) -> LabelCounts:
    """Count spans of any kind.

    examples (Sequence[Example]): Predicted and gold documents.
    get (Callable[[Doc], Iterable[Span]]): Returns the spans of a document.
    is_annotated (Callable[[Doc], bool]): Whether a document has annotation of this kind.
    allow_overlap (bool): Whether spans may overlap.
    labeled (bool): Whether labels count.
    RETURNS (LabelCounts): The counts.
    SOURCE: `spacy.scorer.Scorer.score_spans`.
    """

    def keys(spans: Iterable[Span]) -> Set[Tuple[str, Any]]:
        return {(span.label_ if labeled else "", (span.start, span.end)) for span in spans}

    table = CountTable()
    for i, eg in enumerate(examples):
        if not is_annotated(eg.reference):
            continue
        predicted: Iterable[Span] = ()
        if is_annotated(eg.predicted):
            predicted = eg.get_aligned_spans_x2y(get(eg.predicted), allow_overlap)
        table.add_sets(i, keys(predicted), keys(get(eg.reference)))
    return table.finish(len(examples))
