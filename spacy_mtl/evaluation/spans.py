"""Entities and other spans, counted as spaCy's scorers do."""

from dataclasses import dataclass
from typing import Any, Callable, Iterable, List, Sequence, Set, Tuple

from spacy.tokens import Doc, Span
from spacy.training import Example

from .label_counts import MADE_UP, MISSED, RIGHT, CountTable, LabelCounts
from .measure import Measure


@dataclass(frozen=True)
class Spans(Measure):
    """Spans of any kind.

    get (Callable[[Doc], Iterable[Span]]): Returns the spans of a document.
    is_annotated (Callable[[Doc], bool]): Whether a document has annotation of this kind.
    allow_overlap (bool): Whether spans may overlap.
    labeled (bool): Whether labels count.
    SOURCE: `spacy.scorer.Scorer.score_spans`.
    """

    get: Callable[[Doc], Iterable[Span]]
    is_annotated: Callable[[Doc], bool]
    allow_overlap: bool = False
    labeled: bool = True

    def count(self, examples: Sequence[Example]) -> LabelCounts:
        """RETURNS (LabelCounts): The counts: see `Measure`."""
        table = CountTable()
        for i, eg in enumerate(examples):
            if self.is_annotated(eg.reference):
                table.add_sets(i, self._keys(self.aligned(eg)), self._keys(self.gold(eg)))
        return table.finish(len(examples))

    def gold(self, eg: Example) -> List[Span]:
        """RETURNS (List[Span]): The annotation; none if there isn't any."""
        return list(self.get(eg.reference)) if self.is_annotated(eg.reference) else []

    def aligned(self, eg: Example) -> List[Span]:
        """RETURNS (List[Span]): The predicted spans, as spans of the gold document."""
        if not self.is_annotated(eg.predicted):
            return []
        found = eg.get_aligned_spans_x2y(self.get(eg.predicted), self.allow_overlap)
        return list(found)

    def _keys(self, spans: Iterable[Span]) -> Set[Tuple[str, Any]]:
        return {(span.label_ if self.labeled else "", (span.start, span.end)) for span in spans}


@dataclass(frozen=True)
class Entities(Spans):
    """`doc.ents`. Entities at tokens without annotation are neither right nor wrong.

    SOURCE: `spacy.scorer.get_ner_prf`.
    """

    get: Callable[[Doc], Iterable[Span]] = lambda doc: doc.ents
    is_annotated: Callable[[Doc], bool] = lambda doc: bool(doc.has_annotation("ENT_IOB"))

    def count(self, examples: Sequence[Example]) -> LabelCounts:
        """RETURNS (LabelCounts): The counts: see `Measure`."""
        table = CountTable()
        for i, eg in enumerate(examples):
            gold = {(ent.label_, ent.start, ent.end) for ent in self.gold(eg)}
            for ent in self.aligned(eg):
                key = (ent.label_, ent.start, ent.end)
                table.add(i, ent.label_, RIGHT if key in gold else MADE_UP)
                gold.discard(key)
            for label, _, _ in gold:
                table.add(i, label, MISSED)
        return table.finish(len(examples))

    def aligned(self, eg: Example) -> List[Span]:
        """RETURNS (List[Span]): The predicted spans, as spans of the gold document."""
        if not self.is_annotated(eg.reference):
            return []
        found = []
        for ent in eg.predicted.ents:
            indices = eg.alignment.x2y[ent.start : ent.end]
            if len(indices):
                start, end = int(indices[0]), int(indices[-1]) + 1
                if all(token.ent_iob != 0 for token in eg.reference[start:end]):
                    found.append(Span(eg.reference, start, end, label=ent.label))
        return found
