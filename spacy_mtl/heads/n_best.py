"""The n best legal BILUO sequences of each document (list Viterbi, Seshadri and Sundberg 1994)."""

from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy

from .biluo import OUTSIDE, PREFIXES
from .forward_backward import steps_of

#: How many numbers are kept for documents that are decoded together.
_MOST = 1 << 24

#: The score of a sequence, and its classes.
Scored = Tuple[float, numpy.ndarray]


def best_sequences(
    scores: numpy.ndarray,
    lengths: Sequence[int],
    n: int,
    transitions: Optional[numpy.ndarray] = None,
) -> List[List[Scored]]:
    """Find the legal sequences with the highest scores.

    Memory grows with the number of tokens, of classes and n; with a CRF, time grows with the square
    of the number of types.

    scores (Floats2d): Scores of the classes in `class_names` for all documents, concatenated.
        -inf forbids a class; O must stay allowed. Shape: (n_tokens, 1 + 4 * n_types).
    lengths (Sequence[int]): Number of tokens of each document.
    n (int): How many sequences of each document, >= 1.
    transitions (Optional[Floats2d]): See `Marginals`.
    RETURNS (List[List[Tuple[float, Ints1d]]]): For each document the scores and classes of the best
        sequences, best first; fewer than n if it has fewer. Empty for an empty document.
    """
    found: List[List[Scored]] = [[] for _ in lengths]
    ends = numpy.cumsum(lengths)
    for chosen in _groups(lengths, scores.shape[1] * n):
        parts = [scores[ends[i] - lengths[i] : ends[i]] for i in chosen]
        flat = numpy.concatenate(parts).astype("float64")
        own_lengths = [lengths[i] for i in chosen]
        best, classes = _Lists(n, scores.shape[1], transitions).decode(flat, own_lengths)
        starts = numpy.cumsum(own_lengths) - own_lengths
        for place, i in enumerate(chosen):
            own = classes[starts[place] : starts[place] + lengths[i]]
            ranks = numpy.flatnonzero(best[place] > -numpy.inf).tolist()
            found[i] = [(float(best[place, rank]), own[:, rank].copy()) for rank in ranks]
    return found


def _groups(lengths: Sequence[int], n_per_token: int) -> Iterator[List[int]]:
    """Group documents with tokens, so that no group needs too much memory."""
    group: List[int] = []
    n_tokens = 0
    for i, length in enumerate(lengths):
        if group and (n_tokens + length) * n_per_token > _MOST:
            yield group
            group, n_tokens = [], 0
        if length:
            group.append(i)
            n_tokens += length
    if group:
        yield group


class _Lists:
    """The lists of the n best ways to each class, step by step.

    O, B and U follow the classes that leave no entity open; I and L follow B and I of their type.
    """

    def __init__(self, n: int, n_classes: int, transitions: Optional[numpy.ndarray]) -> None:
        self.n, self.n_classes = n, n_classes
        begin = numpy.arange(1, n_classes, len(PREFIXES))
        self.inner = numpy.stack([begin, begin + 1], axis=1)  # B, I of each type
        self.going_on = numpy.stack([begin + 1, begin + 2], axis=1)  # I, L
        self.closing = numpy.asarray([OUTSIDE, *(begin + 2), *(begin + 3)])
        self.opening = numpy.asarray([OUTSIDE, *begin, *(begin + 3)])
        # Without learned transitions, one list serves all classes that follow the same ones.
        self.first: Any = 0.0
        self.last: Any = 0.0
        self.between = numpy.zeros((1, len(self.closing), 1))
        self.within = numpy.zeros((len(begin), 1, 2, 1))
        if transitions is not None:
            T = transitions.astype("float64")
            self.first, self.last = T[-1, self.opening], T[self.closing, -1]
            self.between = T[numpy.ix_(self.closing, self.opening)].T[:, :, None]
            self.within = T[self.inner[:, None, :], self.going_on[:, :, None]][..., None]

    def decode(
        self, scores: numpy.ndarray, lengths: Sequence[int]
    ) -> Tuple[numpy.ndarray, numpy.ndarray]:
        """Find the best sequences of documents with tokens.

        RETURNS (Tuple[Floats2d, Ints2d]): Their scores, -inf where there are no more, and their
            classes. Shapes: (n_docs, n), (n_tokens, n).
        """
        n, steps = self.n, steps_of(lengths)
        best = numpy.full((len(lengths), self.n_classes, n), -numpy.inf)
        best[:, self.opening, 0] = scores[steps[0]][:, self.opening] + self.first
        pointers = numpy.zeros((len(scores), self.n_classes, n), dtype="int32")
        for tokens in steps[1:]:
            n_docs = len(tokens)
            reached = numpy.full((n_docs, self.n_classes, n), -numpy.inf)
            for values, origins, classes in self._ways(best[:n_docs]):
                reached[:, classes] = values
                pointers[tokens[:, None], classes.ravel()] = origins.reshape(
                    (n_docs, classes.size, n)
                )
            best[:n_docs] = reached + scores[tokens][:, :, None]
        ways = best[:, self.closing] + numpy.reshape(self.last, (-1, 1))
        final, chosen = _largest(ways.reshape((len(best), -1)), n)
        at = self.closing[chosen // n] * n + chosen % n
        return self._in_order(final, lengths), self._trace(at, pointers, steps)

    def _ways(self, best: numpy.ndarray) -> Iterator[Tuple[Any, Any, numpy.ndarray]]:
        """Yield the best ways to classes: their scores, where they come from, and the classes."""
        n, n_docs = self.n, len(best)
        ways = best[:, None, self.closing] + self.between
        values, chosen = _largest(ways.reshape((n_docs, len(self.between), -1)), n)
        origins = self.closing[chosen // n] * n + chosen % n
        yield (*self._for_each(values, origins, (n_docs, len(self.opening), n)), self.opening)
        n_types = len(self.inner)
        ways = best[:, self.inner][:, :, None] + self.within
        values, chosen = _largest(ways.reshape((*ways.shape[:3], -1)), n)
        origins = self.inner[numpy.arange(n_types)[:, None, None], chosen // n] * n + chosen % n
        yield (*self._for_each(values, origins, (n_docs, n_types, 2, n)), self.going_on)

    @staticmethod
    def _for_each(values: Any, origins: Any, shape: Tuple[int, ...]) -> Tuple[Any, Any]:
        return numpy.broadcast_to(values, shape), numpy.broadcast_to(origins, shape)

    @staticmethod
    def _in_order(values: numpy.ndarray, lengths: Sequence[int]) -> numpy.ndarray:
        """Go from the order of steps, longest document first, to that of the documents."""
        found = numpy.empty_like(values)
        found[numpy.argsort(-numpy.asarray(lengths), kind="stable")] = values
        return found

    def _trace(
        self, at: numpy.ndarray, pointers: numpy.ndarray, steps: List[numpy.ndarray]
    ) -> numpy.ndarray:
        """Follow the pointers back from the ends."""
        classes = numpy.zeros((len(pointers), self.n), dtype="int64")
        for t in reversed(range(len(steps))):
            tokens = steps[t]
            own = at[: len(tokens)]
            classes[tokens] = own // self.n
            if t:
                at[: len(tokens)] = pointers[tokens[:, None], own // self.n, own % self.n]
        return classes


def _largest(values: numpy.ndarray, n: int) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """RETURNS (Tuple): The n largest values of the last axis, largest first, and their indices."""
    chosen = numpy.argpartition(-values, n - 1, axis=-1)[..., :n]
    found = numpy.take_along_axis(values, chosen, axis=-1)
    order = numpy.argsort(-found, axis=-1, kind="stable")
    return (
        numpy.take_along_axis(found, order, axis=-1),
        numpy.take_along_axis(chosen, order, axis=-1),
    )
