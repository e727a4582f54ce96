"""Viterbi decoding: the best legal BILUO sequence of each document in a batch."""

from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy

from .biluo import OUTSIDE, PREFIXES
from .segments import split_between_entities

#: Shorter documents are decoded sooner than split.
_LONG = 64


def decode_biluo(scores: numpy.ndarray, lengths: Sequence[int]) -> numpy.ndarray:
    """Find the legal sequence of classes with the highest sum of scores.

    Legal means that a document neither starts nor ends inside an entity, and that I
    and L only follow B or I of the same type, which nothing else follows. These rules
    need no transition table: each step has one best way to be outside of entities and
    one best way to be inside each type, so it costs O(n_types). Documents are stepped
    through side by side and drop out as they end, without padding; long ones are split where the
    best sequence is surely outside of entities.

    scores (Floats2d): Scores of the classes in `class_names` for all documents,
        concatenated. -inf forbids a class; O must stay allowed.
        Shape: (n_tokens, 1 + 4 * n_types).
    lengths (Sequence[int]): Number of tokens of each document.
    RETURNS (Ints1d): The class of each token. Shape: (n_tokens,).
    """
    n_tokens, n_classes = scores.shape
    classes = numpy.zeros(n_tokens, dtype="int64")
    if n_tokens == 0 or n_classes == 1:
        return classes
    if max(lengths) > _LONG:
        lengths = split_between_entities(scores, lengths).tolist()
    order = _longest_first(lengths)
    steps = _steps(scores.astype("float64"), order)
    forward = _forward(steps, n_tokens, n_classes)
    _backward(forward, order, classes)
    return classes


@dataclass
class _Documents:
    starts: numpy.ndarray  # first token of each document, longest document first
    active: List[int]  # how many documents reach each step


@dataclass
class _Step:
    tokens: numpy.ndarray
    outside: numpy.ndarray  # (n_docs,)
    begin: numpy.ndarray  # (n_docs, n_types), like the three below
    inside: numpy.ndarray
    last: numpy.ndarray
    unit: numpy.ndarray


@dataclass
class _Pointers:
    closed: numpy.ndarray  # best class of a token that leaves no entity open. (n_tokens,)
    from_inside: numpy.ndarray  # before this token I beats B. (n_tokens, n_types)
    tokens: List[numpy.ndarray]


def _longest_first(lengths: Sequence[int]) -> _Documents:
    sizes = numpy.asarray(lengths, dtype="int64")
    starts = numpy.cumsum(sizes) - sizes
    order = numpy.argsort(-sizes, kind="stable")
    ends = numpy.sort(sizes)
    longest = int(sizes.max())
    active = len(sizes) - numpy.searchsorted(ends, numpy.arange(longest), side="right")
    return _Documents(starts[order], [int(n) for n in active])


def _steps(scores: numpy.ndarray, docs: _Documents) -> List[_Step]:
    by_type = scores[:, 1:].reshape((len(scores), -1, len(PREFIXES)))
    steps = []
    for t, n_active in enumerate(docs.active):
        tokens = docs.starts[:n_active] + t
        begin, inside, last, unit = numpy.moveaxis(by_type[tokens], 2, 0)
        steps.append(_Step(tokens, scores[tokens, OUTSIDE], begin, inside, last, unit))
    return steps


def _forward(steps: List[_Step], n_tokens: int, n_classes: int) -> _Pointers:
    n_types = (n_classes - 1) // len(PREFIXES)
    pointers = _Pointers(
        numpy.zeros(n_tokens, dtype="int64"), numpy.zeros((n_tokens, n_types), dtype=bool), []
    )
    n_docs = len(steps[0].tokens)
    closed = numpy.zeros(n_docs)
    begun = numpy.full((n_docs, n_types), -numpy.inf)
    within = begun
    for step in steps:
        n = len(step.tokens)
        closed, begun, within = closed[:n], begun[:n], within[:n]
        from_inside = within > begun
        open_before = numpy.where(from_inside, within, begun)
        last = step.last + open_before
        unit = step.unit + closed[:, None]
        outside = step.outside + closed
        begun = step.begin + closed[:, None]
        within = step.inside + open_before
        # Columns: O, then L of each type, then U of each type.
        ways = numpy.concatenate([outside[:, None], last, unit], axis=1)
        best = ways.argmax(axis=1)
        closed = ways[numpy.arange(n), best]
        pointers.closed[step.tokens] = _class_of_way(best, n_types)
        pointers.from_inside[step.tokens] = from_inside
        pointers.tokens.append(step.tokens)
    return pointers


def _backward(pointers: _Pointers, docs: _Documents, classes: numpy.ndarray) -> None:
    # The entity type that the next token continues; -1 is outside.
    open_type = numpy.zeros(0, dtype="int64")
    chosen_inside = numpy.zeros(0, dtype=bool)
    for tokens in reversed(pointers.tokens):
        n_ending = len(tokens) - len(open_type)
        open_type = numpy.concatenate([open_type, numpy.full(n_ending, -1)])
        chosen_inside = numpy.concatenate([chosen_inside, numpy.zeros(n_ending, dtype=bool)])
        is_open = open_type >= 0
        first_class = 1 + len(PREFIXES) * open_type
        chosen = numpy.where(is_open, first_class + chosen_inside, pointers.closed[tokens])
        classes[tokens] = chosen
        types, prefix = _type_and_prefix(chosen)
        # I and L follow B or I of the same type.
        needs_open = (chosen != OUTSIDE) & ((prefix == 1) | (prefix == 2))
        open_type = numpy.where(needs_open, types, -1)
        chosen_inside = pointers.from_inside[tokens, numpy.maximum(types, 0)] & needs_open


def _class_of_way(way: numpy.ndarray, n_types: int) -> numpy.ndarray:
    types = (way - 1) % n_types
    prefix = numpy.where(way <= n_types, PREFIXES.index("L"), PREFIXES.index("U"))
    return numpy.where(way == 0, OUTSIDE, 1 + len(PREFIXES) * types + prefix)


def _type_and_prefix(classes: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray]:
    return (classes - 1) // len(PREFIXES), (classes - 1) % len(PREFIXES)
