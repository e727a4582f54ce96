"""How probable entities are: sums over all legal BILUO sequences, with or without a CRF."""

from typing import Optional, Sequence

import numpy

from ..arrays import ranges
from .biluo import OUTSIDE, PREFIXES
from .crf import CrfChain
from .forward_backward import LOWEST, Chain, Sums, exp_of, sum_sequences

_B, _I, _L, _U = range(len(PREFIXES))
#: Far below what rounding leaves of a probability, but high enough that quotients don't overflow.
_LEAST = 1e-150


class BiluoChain(Chain):
    """The factors of legal BILUO sequences without learned transitions.

    Two tokens know of each other only whether an entity goes on, and its type. So there are
    1 + n_types states: outside (no entity goes on), and inside each type.
    """

    least = _LEAST

    def __init__(self, closing: numpy.ndarray, begin: numpy.ndarray, inside: numpy.ndarray) -> None:
        """Create a chain.

        closing (Floats2d): Factors of tokens after which no entity goes on, by the state before:
            of O or any U, and of L of each type. Shape: (n_tokens, 1 + n_types).
        begin (Floats2d): Factors of B of each type. Shape: (n_tokens, n_types).
        inside (Floats2d): Factors of I of each type. Shape: (n_tokens, n_types).
        """
        self.closing, self.begin, self.inside = closing, begin, inside
        self.entering = self.leaving = numpy.eye(1, closing.shape[1])[0]

    def take(self, tokens: numpy.ndarray) -> "BiluoChain":
        """RETURNS (BiluoChain): See `Chain`."""
        return BiluoChain(self.closing[tokens], self.begin[tokens], self.inside[tokens])

    def arrive(self, sums: numpy.ndarray) -> numpy.ndarray:
        """RETURNS (Floats2d): The same sums: see `Chain`."""
        return sums

    def pass_on(self, arriving: numpy.ndarray, rows: slice) -> numpy.ndarray:
        """RETURNS (Floats2d): See `Chain`."""
        found = numpy.empty_like(arriving)
        found[:, 0] = numpy.einsum("ij,ij->i", arriving, self.closing[rows])
        numpy.multiply(arriving[:, 1:], self.inside[rows], out=found[:, 1:])
        found[:, 1:] += arriving[:, :1] * self.begin[rows]
        return found

    def pass_back(
        self, following: numpy.ndarray, rows: slice, scales: numpy.ndarray
    ) -> numpy.ndarray:
        """RETURNS (Floats2d): See `Chain`."""
        following = following / scales
        found = following[:, :1] * self.closing[rows]
        found[:, 1:] += following[:, 1:] * self.inside[rows]
        found[:, 0] += numpy.einsum("ij,ij->i", following[:, 1:], self.begin[rows])
        return found


class Marginals:
    """The probabilities of a batch of documents, over all legal sequences of each."""

    def __init__(
        self,
        scores: numpy.ndarray,
        lengths: Sequence[int],
        transitions: Optional[numpy.ndarray] = None,
    ) -> None:
        """Sum over all sequences.

        scores (Floats2d): Scores of the classes in `class_names` for all documents, concatenated.
            -inf forbids a class; O must stay allowed. Shape: (n_tokens, 1 + 4 * n_types).
        lengths (Sequence[int]): Number of tokens of each document.
        transitions (Optional[Floats2d]): Transition scores of a CRF, -inf where a transition is
            illegal: see `legal_transitions`. None without a CRF.
            Shape: (n_classes + 1, n_classes + 1).
        """
        self._lengths = numpy.asarray(lengths, dtype="int64")
        self._scores = scores.astype("float64")
        self._largest = self._scores.max(axis=1)
        self._scores -= self._largest[:, None]
        factors = exp_of(self._scores)
        self._shift = 0.0
        self._crf: Optional[CrfChain] = None
        if transitions is None:
            chain: Chain = biluo_chain(factors)
        else:
            self._shift = float(transitions.max())
            self._log_factors = _at_least(transitions.astype("float64") - self._shift)
            chain = self._crf = CrfChain(factors, exp_of(self._log_factors))
            chain.least = _LEAST
        self._sums: Sums = sum_sequences(chain, lengths)

    def of_segments(
        self, starts: numpy.ndarray, ends: numpy.ndarray, types: numpy.ndarray
    ) -> numpy.ndarray:
        """Compute the probabilities that entities are where they are, with their borders.

        starts (Ints1d): The first token of each entity, as a row of the scores.
            Shape: (n_entities,).
        ends (Ints1d): The token after the last one, in the same document. Shape: (n_entities,).
        types (Ints1d): The entity types, as indices. Shape: (n_entities,).
        RETURNS (Floats1d): The probabilities. Shape: (n_entities,).
        """
        if not len(starts):
            return numpy.zeros(0)
        sizes = ends - starts
        tokens = ranges(starts, sizes)
        offsets = numpy.cumsum(sizes) - sizes
        classes = _classes(sizes, offsets, types)
        logs = _at_least(self._scores[tokens, classes]) - numpy.log(self._sums.scales[tokens])
        if self._crf is not None:
            is_inner = numpy.ones(len(tokens), dtype=bool)
            is_inner[offsets] = False
            inner = numpy.flatnonzero(is_inner)
            logs[inner] += self._log_factors[classes[inner - 1], classes[inner]]
        entering = self._entering(starts, classes[offsets])
        column = 0 if self._crf is None else classes[offsets + sizes - 1]
        leaving = self._sums.backward[ends - 1, column]
        with numpy.errstate(divide="ignore"):
            total = numpy.add.reduceat(logs, offsets) + numpy.log(entering) + numpy.log(leaving)
        return numpy.exp(numpy.minimum(total, 0.0))

    def log_partitions(self) -> numpy.ndarray:
        """Compute the logarithms of the sums of all sequences.

        RETURNS (Floats1d): One per document; 0.0 if it is empty. Shape: (n_docs,).
        """
        found = numpy.zeros(len(self._lengths))
        filled = numpy.flatnonzero(self._lengths)
        if not len(filled):
            return found
        starts = (numpy.cumsum(self._lengths) - self._lengths)[filled]
        found[filled] = numpy.add.reduceat(numpy.log(self._sums.scales) + self._largest, starts)
        found[filled] += self._shift * (self._lengths[filled] + 1)
        # The ends are ordered by length.
        closing = numpy.log(self._sums.closing)
        found[numpy.searchsorted(numpy.cumsum(self._lengths), self._sums.ends, "right")] += closing
        return found

    def _entering(self, starts: numpy.ndarray, classes: numpy.ndarray) -> numpy.ndarray:
        """Get the sums that enter the first tokens of entities."""
        is_start = numpy.zeros(len(self._scores), dtype=bool)
        is_start[(numpy.cumsum(self._lengths) - self._lengths)[self._lengths > 0]] = True
        before = self._sums.forward[starts - 1]
        if self._crf is None:
            return numpy.where(is_start[starts], 1.0, before[:, 0])
        within = numpy.einsum("ij,ji->i", before, self._crf.within[:, classes])
        return numpy.where(is_start[starts], self._crf.entering[classes], within)


def segment_marginals(
    scores: numpy.ndarray,
    lengths: Sequence[int],
    starts: numpy.ndarray,
    ends: numpy.ndarray,
    types: numpy.ndarray,
    transitions: Optional[numpy.ndarray] = None,
) -> numpy.ndarray:
    """Compute the probabilities of entities: see `Marginals`.

    RETURNS (Floats1d): The probabilities. Shape: (n_entities,).
    """
    return Marginals(scores, lengths, transitions).of_segments(starts, ends, types)


def biluo_chain(factors: numpy.ndarray) -> BiluoChain:
    """Create the chain of classes without learned transitions.

    factors (Floats2d): The factors of the classes. Shape: (n_tokens, 1 + 4 * n_types).
    RETURNS (BiluoChain): The chain.
    """
    begin, inside, last, unit = (factors[:, 1 + i :: len(PREFIXES)] for i in (_B, _I, _L, _U))
    outside = factors[:, OUTSIDE] + unit.sum(axis=1)
    return BiluoChain(numpy.concatenate([outside[:, None], last], axis=1), begin, inside)


def _classes(sizes: numpy.ndarray, offsets: numpy.ndarray, types: numpy.ndarray) -> numpy.ndarray:
    """List the classes of the tokens of entities."""
    prefixes = numpy.full(int(sizes.sum()), _I)
    prefixes[offsets + sizes - 1] = _L
    prefixes[offsets] = numpy.where(sizes == 1, _U, _B)
    return 1 + len(PREFIXES) * numpy.repeat(types, sizes) + prefixes


def _at_least(logs: numpy.ndarray) -> numpy.ndarray:
    """Raise logarithms to the least that `exp_of` knows, but not those of 0."""
    return numpy.where(logs == -numpy.inf, logs, numpy.maximum(logs, LOWEST))
