"""The BILUO scheme: one class per entity type and position of a token in the entity."""

from typing import List, Sequence, Tuple

import numpy
from spacy.tokens import Doc, Span

# Class 0 is O; the four classes of entity type k start at 1 + 4 * k.
OUTSIDE = 0
PREFIXES = "BILU"


def class_names(labels: Sequence[str]) -> List[str]:
    """List the classes of a BILUO tagger.

    labels (Sequence[str]): The entity types.
    RETURNS (List[str]): The classes, in the order of the scores.
    """
    return ["O"] + [f"{prefix}-{label}" for label in labels for prefix in PREFIXES]


def biluo_of(span: Span) -> List[str]:
    """RETURNS (List[str]): The classes of the tokens of an entity."""
    inside = [f"I-{span.label_}"] * (len(span) - 2)
    whole = [f"B-{span.label_}", *inside, f"L-{span.label_}"]
    return whole if len(span) > 1 else [f"U-{span.label_}"]


def spans_of(classes: numpy.ndarray, labels: Sequence[str]) -> List[Tuple[int, int, str]]:
    """Find the entities of a document.

    classes (Ints1d): A legal sequence: indices into `class_names`. Shape: (n_tokens,).
    labels (Sequence[str]): The entity types.
    RETURNS (List[Tuple[int, int, str]]): Start token, end token (exclusive) and type of each.
    """
    spans = []
    start = 0
    for i in numpy.nonzero(classes != OUTSIDE)[0].tolist():
        kind, prefix = divmod(int(classes[i]) - 1, len(PREFIXES))
        if PREFIXES[prefix] in "BU":
            start = i
        if PREFIXES[prefix] in "LU":
            spans.append((start, i + 1, labels[kind]))
    return spans


def segments_of(classes: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Find the entities of a batch.

    classes (Ints1d): Legal sequences, one after the other. Shape: (n_tokens,).
    RETURNS (Tuple[Ints1d, Ints1d, Ints1d]): First token, end (exclusive) and type of each, the type
        as an index. Shape of each: (n_entities,).
    """
    kinds, prefixes = numpy.divmod(classes - 1, len(PREFIXES))
    is_in = classes != OUTSIDE
    starts = numpy.flatnonzero(is_in & ((prefixes == 0) | (prefixes == 3)))
    ends = numpy.flatnonzero(is_in & (prefixes >= 2)) + 1
    return starts, ends, kinds[starts]


def forbid_edges_on_spaces(scores: numpy.ndarray, docs: Sequence[Doc]) -> None:
    """Keep entities from starting or ending with whitespace, which spaCy rejects.

    scores (Floats2d): Scores of the tokens of all documents. Modified in place: -inf forbids a
        class. Shape: (n_tokens, n_classes).
    docs (Sequence[Doc]): The documents. At least one has tokens.
    """
    is_space = numpy.concatenate([doc.to_array(["IS_SPACE"]).ravel() for doc in docs if len(doc)])
    rows = numpy.nonzero(is_space)[0]
    for edge in (0, 2, 3):
        scores[rows, 1 + edge :: len(PREFIXES)] = -numpy.inf
