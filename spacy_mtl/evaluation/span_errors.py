"""What is wrong with entities: their type, their borders, or that they are there at all."""

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

from spacy.tokens import Span
from spacy.training import Example

from .spans import Spans

#: The kinds of errors, in this order.
KINDS = ("wrong type", "wrong borders", "wrong type and borders", "missed", "made up")
WRONG_TYPE, WRONG_BORDERS, WRONG_BOTH, MISSED, MADE_UP = KINDS
#: How much text is shown on each side, in characters.
_CONTEXT = 40


@dataclass(frozen=True)
class Mention:
    """An entity in a text.

    text (str): Its text.
    label (str): Its type.
    """

    text: str
    label: str


@dataclass(frozen=True)
class SpanError:
    """An entity that is wrong.

    kind (str): One of `KINDS`.
    document (int): The index of its document.
    gold (Optional[Mention]): The annotated entity; None if it was made up.
    predicted (Optional[Mention]): The predicted entity; None if it was missed.
    before (str): The text before both.
    text (str): The text from the first to the last word of both.
    after (str): The text after both.
    """

    kind: str
    document: int
    gold: Optional[Mention]
    predicted: Optional[Mention]
    before: str
    text: str
    after: str


@dataclass(frozen=True)
class SpanErrors:
    """The errors of a task.

    counts (Dict[str, int]): Their numbers by kind, also those of 0.
    listed (List[SpanError]): The first of each kind.
    """

    counts: Dict[str, int]
    listed: List[SpanError]


def find_span_errors(examples: Sequence[Example], spans: Spans, n_listed: int) -> SpanErrors:
    """Compare predicted and annotated entities. Each is part of one error at most.

    Pairs of entities with the same borders come first, then those that overlap most, first of the
    same type. Entities that are left were missed or made up.

    examples (Sequence[Example]): Predicted and gold documents.
    spans (Spans): The entities.
    n_listed (int): How many errors of each kind to list.
    RETURNS (SpanErrors): The errors.
    SOURCE: Nejadgholi et al. 2020, "Extensive error analysis and a learning-based evaluation of
        medical entity recognition systems", aclanthology.org/2020.emnlp-main.93. Differs:
        an entity is part of one error, also if it overlaps several.
    """
    counts = dict.fromkeys(KINDS, 0)
    by_kind: Dict[str, List[SpanError]] = {kind: [] for kind in KINDS}
    for i, eg in enumerate(examples):
        if not spans.is_annotated(eg.reference):
            continue
        for kind, gold, predicted in _errors(spans.gold(eg), spans.aligned(eg)):
            counts[kind] += 1
            if len(by_kind[kind]) < n_listed:
                by_kind[kind].append(_shown(kind, i, gold, predicted))
    return SpanErrors(counts, [error for kind in KINDS for error in by_kind[kind]])


_Error = Tuple[str, Optional[Span], Optional[Span]]


def _errors(gold: Sequence[Span], predicted: Sequence[Span]) -> List[_Error]:
    keys = {_key(span) for span in gold} & {_key(span) for span in predicted}
    left = [span for span in gold if _key(span) not in keys]
    right = [span for span in predicted if _key(span) not in keys]
    pairs = [(a, b) for a in left for b in right if _overlap(a, b) > 0]
    pairs.sort(key=lambda pair: _closeness(*pair), reverse=True)
    found: List[_Error] = []
    for a, b in pairs:
        if a in left and b in right:
            left.remove(a)
            right.remove(b)
            same_borders = (a.start, a.end) == (b.start, b.end)
            other = WRONG_BORDERS if a.label == b.label else WRONG_BOTH
            found.append((WRONG_TYPE if same_borders else other, a, b))
    found += [(MISSED, span, None) for span in left]
    found += [(MADE_UP, None, span) for span in right]
    return sorted(found, key=lambda error: min(s.start for s in error[1:] if s is not None))


def _key(span: Span) -> Tuple[int, int, int]:
    return span.start, span.end, span.label


def _overlap(a: Span, b: Span) -> int:
    return min(a.end, b.end) - max(a.start, b.start)


def _closeness(a: Span, b: Span) -> Tuple[bool, int, bool, int]:
    same_borders = (a.start, a.end) == (b.start, b.end)
    return same_borders, _overlap(a, b), a.label == b.label, -abs(len(a) - len(b))


def _shown(kind: str, i: int, gold: Optional[Span], predicted: Optional[Span]) -> SpanError:
    both = [span for span in (gold, predicted) if span is not None]
    text = both[0].doc.text
    start = min(span.start_char for span in both)
    end = max(span.end_char for span in both)
    before, after = text[:start], text[end:]
    return SpanError(
        kind=kind,
        document=i,
        gold=_mention(gold),
        predicted=_mention(predicted),
        before=before if len(before) <= _CONTEXT else f"\u2026{before[-_CONTEXT:]}",
        text=text[start:end],
        after=after if len(after) <= _CONTEXT else f"{after[:_CONTEXT]}\u2026",
    )


def _mention(span: Optional[Span]) -> Optional[Mention]:
    return None if span is None else Mention(span.text, span.label_)
