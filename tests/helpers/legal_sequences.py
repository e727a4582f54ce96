"""All legal BILUO sequences of short texts, with their probabilities."""

from functools import lru_cache
from typing import Dict, Optional, Tuple

import numpy

from spacy_mtl.heads.biluo import spans_of
from spacy_mtl.heads.crf import legal_transitions

N_TYPES = 2
N_CLASSES = 1 + 4 * N_TYPES
#: How transitions are drawn: not at all, or for a CRF.
KINDS = ("constrained", "CRF")
#: An entity: first token, end (exclusive), type.
Segment = Tuple[int, int, int]


def draw_transitions(
    rng: numpy.random.Generator, kind: str, n_types: int = N_TYPES
) -> Optional[numpy.ndarray]:
    """Draw transition scores, or None for a lattice without them."""
    legal = legal_transitions(n_types)
    return numpy.where(legal, rng.normal(size=legal.shape), -numpy.inf) if kind == "CRF" else None


@lru_cache
def legal_sequences(length: int) -> numpy.ndarray:
    """All legal sequences. Shape: (n_sequences, length)."""
    legal = legal_transitions(N_TYPES)
    found = [(-1,)]
    for _ in range(length):
        found = [(*path, int(c)) for path in found for c in numpy.flatnonzero(legal[path[-1], :-1])]
    return numpy.asarray([path[1:] for path in found if legal[path[-1], -1]])


def score_sequences(
    scores: numpy.ndarray, transitions: Optional[numpy.ndarray]
) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """All legal sequences of a text, and their scores."""
    sequences = legal_sequences(len(scores))
    total = scores.astype("float64")[numpy.arange(len(scores)), sequences].sum(axis=1)
    if transitions is not None:
        edge = numpy.full((len(sequences), 1), -1)
        path = numpy.concatenate([edge, sequences, edge], axis=1)
        total = total + transitions[path[:, :-1], path[:, 1:]].sum(axis=1)
    return sequences, total


def search_segments(
    scores: numpy.ndarray, transitions: Optional[numpy.ndarray]
) -> Tuple[Dict[Segment, float], float]:
    """The probability of each entity, and the logarithm of the sum of all sequences."""
    sequences, totals = score_sequences(scores, transitions)
    largest = totals.max()
    weights = numpy.exp(totals - largest)
    found: Dict[Segment, float] = {}
    for sequence, weight in zip(sequences, weights / weights.sum()):
        for segment in spans_of(sequence, list(range(N_TYPES))):  # type: ignore[arg-type]
            found[segment] = found.get(segment, 0.0) + weight  # type: ignore[index, arg-type]
    return found, float(largest + numpy.log(weights.sum()))  # type: ignore[return-value]


def all_segments(length: int, n_types: int = N_TYPES) -> numpy.ndarray:
    """Every entity that a text may have. Shape: (n_segments, 3)."""
    found = [
        (start, end, kind)
        for start in range(length)
        for end in range(start + 1, length + 1)
        for kind in range(n_types)
    ]
    return numpy.asarray(found, dtype="int64").reshape((-1, 3))
