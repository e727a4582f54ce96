"""Reading gold entities (or spans under a key) and setting predicted ones."""

from dataclasses import dataclass
from typing import Iterable, List, Optional, Sequence, Set, Tuple

import numpy
from spacy.strings import get_string_id
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from .alignment import aligned_entities, aligned_spans
from .biluo import PREFIXES, spans_of
from .trimming import fit_classes

#: The value of ENT_IOB for each prefix of a class.
_IOB = {"O": 2, "B": 3, "I": 1, "L": 1, "U": 3}


@dataclass(frozen=True)
class GoldEntities:
    """Gold entities aligned to the predicted tokens.

    classes (List[Optional[str]]): The BILUO class of each token; None where there is no
        annotation. Shape: (n_tokens,).
    unfit (Optional[Span]): The first entity that was trimmed to its words or left out.
    lost (Optional[Span]): The first one that doesn't match the tokens or overlaps another.
    """

    classes: List[Optional[str]]
    unfit: Optional[Span]
    lost: Optional[Span]


def gold_spans(doc: Doc, key: Optional[str]) -> Sequence[Span]:
    """RETURNS (Sequence[Span]): The entities, or the spans under the key if there is one."""
    return doc.ents if key is None else list(doc.spans.get(key, ()))


def read_entities(example: Example, key: Optional[str]) -> GoldEntities:
    """Read the entities of an example.

    example (Example): An example, annotated or not.
    key (Optional[str]): A key of `doc.spans`; None for `doc.ents`.
    RETURNS (GoldEntities): The classes, and the first spans that were changed or left out.
    """
    if key is None:
        spans, classes = aligned_entities(example)
    else:
        spans, classes = aligned_spans(example, key)
    unfit = fit_classes(example.predicted, spans, classes)
    gold = gold_spans(example.reference, key)
    lost: Iterable[Span] = ()
    if len(spans) < len(gold):
        kept = {(span.start_char, span.end_char) for span in spans}
        lost = (span for span in gold if (span.start_char, span.end_char) not in kept)
    return GoldEntities(classes, unfit, next(iter(lost), None))


def set_spans(doc: Doc, found: Iterable[Tuple[int, int, str]], key: str) -> None:
    """Set the spans under a key.

    doc (Doc): The document.
    found (Iterable[Tuple[int, int, str]]): See `biluo.spans_of`.
    key (str): A key of `doc.spans`.
    """
    doc.spans[key] = SpanGroup(doc, name=key, spans=[Span(doc, *span) for span in found])


def set_entities(
    docs: Sequence[Doc], classes: Sequence[numpy.ndarray], labels: List[str]
) -> List[Optional[Set[Tuple[int, int, str]]]]:
    """Set entities. Existing ones and blocked tokens are kept: see `add_entities`.

    docs (Sequence[Doc]): The documents.
    classes (Sequence[Ints1d]): A legal sequence for each: indices into `class_names`.
    labels (List[str]): The entity types.
    RETURNS (List[Optional[Set[Tuple[int, int, str]]]]): For each document those of its entities
        that were set; None for all.
    """
    for vocab in {id(doc.vocab): doc.vocab for doc in docs}.values():
        for label in labels:
            vocab.strings.add(label)
    rows = [(_IOB[prefix], get_string_id(label)) for label in labels for prefix in PREFIXES]
    annotation = numpy.asarray([(_IOB["O"], 0), *rows], dtype="uint64")
    added: List[Optional[Set[Tuple[int, int, str]]]] = []
    for doc, own in zip(docs, classes):
        added.append(None)
        if doc.to_array(["ENT_IOB", "ENT_TYPE", "ENT_KB_ID"]).any():
            added[-1] = add_entities(doc, spans_of(own, labels))
        elif len(doc):
            # Faster than `set_ents`, which needs a Span for each.
            doc.from_array(["ENT_IOB", "ENT_TYPE"], annotation[own])
    return added


def add_entities(doc: Doc, found: Iterable[Tuple[int, int, str]]) -> Set[Tuple[int, int, str]]:
    """Add entities, except those that overlap existing ones or blocked tokens.

    doc (Doc): The document.
    found (Iterable[Tuple[int, int, str]]): See `biluo.spans_of`.
    RETURNS (Set[Tuple[int, int, str]]): Those that were added.
    """
    ents = list(doc.ents)
    blocked = _blocked_tokens(doc)
    taken = {i for span in [*ents, *blocked] for i in range(span.start, span.end)}
    added = {each for each in found if not taken.intersection(range(*each[:2]))}
    ents.extend(Span(doc, start, end, label=label) for start, end, label in added)
    doc.set_ents(ents, blocked=blocked, default="outside")
    return added


def _blocked_tokens(doc: Doc) -> List[Span]:
    # spaCy marks a token that can't be in an entity as B without a type.
    iobs, types = doc.to_array(["ENT_IOB", "ENT_TYPE"]).T if len(doc) else ([], [])
    tokens = enumerate(zip(iobs, types))
    return [doc[i : i + 1] for i, (iob, kind) in tokens if iob == 3 and not kind]
