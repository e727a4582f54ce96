"""The forward-backward algorithm for chains of tokens (Baum et al. 1970), documents side by side.

Sums are rescaled at every token, so that neither long documents nor large scores overflow.
"""

from dataclasses import dataclass
from math import isqrt
from typing import List, Sequence, Tuple

import numpy

# Probabilities are at least exp(-200), so that no legal sequence is lost to underflow.
LOWEST = -200.0
#: Documents that are no longer than twice this are not split.
_SHORTEST_PART = 64
#: The largest relative change of the sums at the edge of a part that counts as none.
_SAME = 1e-12


class Chain:
    """The weight of each sequence of a batch, as factors that know one token and the one before.

    Arrays have one row per token. What the factors need to know of a token is its state.
    """

    #: The sums that enter the first token of a document. Shape: (n_states,).
    entering: numpy.ndarray
    #: The factors of the states at the end of a document. Shape: (n_states,).
    leaving: numpy.ndarray
    #: Sums count as at least this, relative to the largest: more than 0 if a sequence must not get
    #: lost where the scores of several tokens are far apart.
    least = 0.0

    def take(self, tokens: numpy.ndarray) -> "Chain":
        """RETURNS (Chain): The rows of these tokens, in their order."""
        raise NotImplementedError

    def arrive(self, sums: numpy.ndarray) -> numpy.ndarray:
        """Go from a token to the next one, without its own factors.

        sums (Floats2d): The sums of a token. Shape: (n_docs, n_states).
        RETURNS (Floats2d): The sums that enter the next one. Shape: (n_docs, n_states).
        """
        raise NotImplementedError

    def pass_on(self, arriving: numpy.ndarray, rows: slice) -> numpy.ndarray:
        """Multiply with the factors of tokens.

        arriving (Floats2d): The sums that enter the tokens. Shape: (n_docs, n_states).
        rows (slice): The tokens.
        RETURNS (Floats2d): Their sums. A new array. Shape: (n_docs, n_states).
        """
        raise NotImplementedError

    def pass_back(
        self, following: numpy.ndarray, rows: slice, scales: numpy.ndarray
    ) -> numpy.ndarray:
        """Go from tokens to those before.

        following (Floats2d): The backward sums of the tokens. Shape: (n_docs, n_states).
        rows (slice): The tokens.
        scales (Floats2d): Divisors of their factors. Shape: (n_docs, 1).
        RETURNS (Floats2d): The backward sums of the tokens before. Shape: (n_docs, n_states).
        """
        raise NotImplementedError


@dataclass
class Sums:
    """The sums over all sequences of a batch, with one row per token.

    forward (Floats2d): The sums of what ends at a token, by its state. Rows sum to 1.
        Shape: (n_tokens, n_states).
    backward (Floats2d): The sums of what follows a token, so that the products with `forward` are
        probabilities. Shape: (n_tokens, n_states).
    scales (Floats1d): What the forward sums were divided by. Shape: (n_tokens,).
    ends (Ints1d): The last token of each document that has tokens, longest document first.
        Shape: (n_docs,).
    closing (Floats1d): What the sums at these ends were divided by. Shape: (n_docs,).
    """

    forward: numpy.ndarray
    backward: numpy.ndarray
    scales: numpy.ndarray
    ends: numpy.ndarray
    closing: numpy.ndarray


def sum_sequences(chain: Chain, lengths: Sequence[int], *, split: bool = True) -> Sums:
    """Sum over all sequences of each document.

    Long documents are split. The parts are stepped through side by side, first from a guess of what
    enters them and then from the end of the part before, until that no longer changes: that is the
    exact result. Usually the sums forget within a part what entered it, so that takes two rounds.

    chain (Chain): The factors. One row per token of all documents.
    lengths (Sequence[int]): Number of tokens of each document.
    split (bool): Whether to split long documents.
    RETURNS (Sums): The sums.
    """
    sizes = numpy.asarray([n for n in lengths if n], dtype="int64")
    parts = _Parts(sizes, _part_size(sizes) if split else 0)
    n_tokens, n_states = int(sizes.sum()), len(chain.entering)
    forward, scales = numpy.empty((n_tokens, n_states)), numpy.empty(n_tokens)
    entering = numpy.full((len(parts.lengths), n_states), 1.0 / n_states)
    entering[parts.is_first] = chain.entering
    todo = numpy.arange(len(entering))
    with numpy.errstate(divide="ignore", invalid="ignore"):
        while len(todo):
            _forward(chain, parts, todo, entering[todo], forward, scales)
            inner = parts.starts[~parts.is_first]
            todo = _update(
                entering, numpy.flatnonzero(~parts.is_first), chain.arrive(forward[inner - 1])
            )
        last = numpy.flatnonzero(parts.is_last)[numpy.argsort(-sizes, kind="stable")]
        ends = parts.ends[last]
        closing = forward[ends] @ chain.leaving
        backward = numpy.empty((n_tokens, n_states))
        leaving = numpy.ones((len(parts.lengths), n_states))
        leaving[last] = chain.leaving / closing[:, None]
        todo = numpy.arange(len(leaving))
        while len(todo):
            _backward(chain, parts, todo, leaving[todo], backward, scales)
            inner = parts.starts[~parts.is_first]
            before = chain.take(inner).pass_back(backward[inner], slice(None), scales[inner, None])
            todo = _update(leaving, numpy.flatnonzero(~parts.is_last), before)
    return Sums(forward, backward, scales, ends, closing)


def steps_of(lengths: Sequence[int]) -> List[numpy.ndarray]:
    """List the tokens at each position, longest document first.

    lengths (Sequence[int]): Number of tokens of each document.
    RETURNS (List[Ints1d]): One array per position. Shape of each: (n_docs,).
    """
    sizes = numpy.asarray(lengths, dtype="int64")
    return _steps(numpy.cumsum(sizes) - sizes, sizes)


class _Parts:
    """The parts of all documents."""

    def __init__(self, sizes: numpy.ndarray, part_size: int) -> None:
        n_parts = -(-sizes // part_size) if part_size else numpy.ones_like(sizes)
        last = numpy.cumsum(n_parts) - 1
        self.lengths = numpy.full(int(n_parts.sum()), part_size, dtype="int64")
        self.lengths[last] = sizes - (n_parts - 1) * part_size
        self.ends = numpy.cumsum(self.lengths) - 1
        self.starts = self.ends + 1 - self.lengths
        self.is_last = numpy.zeros(len(self.lengths), dtype=bool)
        self.is_last[last] = True
        self.is_first = numpy.zeros(len(self.lengths), dtype=bool)
        self.is_first[last + 1 - n_parts] = True


def _part_size(sizes: numpy.ndarray) -> int:
    longest = int(sizes.max()) if len(sizes) else 0
    # As many steps as parts.
    return max(_SHORTEST_PART, isqrt(longest)) if longest > 2 * _SHORTEST_PART else 0


def _steps(starts: numpy.ndarray, sizes: numpy.ndarray) -> List[numpy.ndarray]:
    order = numpy.argsort(-sizes, kind="stable")
    longest = int(sizes.max()) if len(sizes) else 0
    reached = len(sizes) - numpy.searchsorted(numpy.sort(sizes), numpy.arange(longest), "right")
    starts = starts[order]
    return [starts[:n] + t for t, n in enumerate(reached.tolist())]


def _rows_of(
    chain: Chain, parts: _Parts, todo: numpy.ndarray
) -> Tuple[Chain, List[slice], numpy.ndarray, numpy.ndarray]:
    """Order the tokens of some parts by position, so that each step is a slice."""
    sizes = parts.lengths[todo]
    steps = _steps(parts.starts[todo], sizes)
    ends = numpy.cumsum([len(step) for step in steps]).tolist()
    order = numpy.concatenate(steps) if steps else numpy.zeros(0, dtype="int64")
    rows = [slice(start, end) for start, end in zip([0, *ends], ends)]
    return chain.take(order), rows, order, numpy.argsort(-sizes, kind="stable")


def _forward(
    chain: Chain,
    parts: _Parts,
    todo: numpy.ndarray,
    entering: numpy.ndarray,
    forward: numpy.ndarray,
    scales: numpy.ndarray,
) -> None:
    own, steps, order, by_length = _rows_of(chain, parts, todo)
    found, divisors = numpy.empty((len(order), forward.shape[1])), numpy.empty((len(order), 1))
    arriving = entering[by_length]
    for t, rows in enumerate(steps):
        if t:
            before = steps[t - 1].start
            arriving = own.arrive(found[before : before + rows.stop - rows.start])
        reached = own.pass_on(arriving, rows)
        scale = reached.sum(axis=1, keepdims=True)
        numpy.divide(reached, scale, out=found[rows])
        if own.least:
            numpy.maximum(found[rows], own.least, out=found[rows])
        divisors[rows] = scale
    forward[order], scales[order] = found, divisors[:, 0]


def _backward(
    chain: Chain,
    parts: _Parts,
    todo: numpy.ndarray,
    leaving: numpy.ndarray,
    backward: numpy.ndarray,
    scales: numpy.ndarray,
) -> None:
    own, steps, order, by_length = _rows_of(chain, parts, todo)
    found, divisors = numpy.empty((len(order), backward.shape[1])), scales[order, None]
    leaving = leaving[by_length]
    n_on = 0
    for t in reversed(range(len(steps))):
        rows = steps[t]
        if n_on:
            after = steps[t + 1]
            found[rows.start : rows.start + n_on] = own.pass_back(
                found[after], after, divisors[after]
            )
        found[rows.start + n_on : rows.stop] = leaving[n_on : rows.stop - rows.start]
        n_on = rows.stop - rows.start
    backward[order] = found


def _update(values: numpy.ndarray, parts: numpy.ndarray, found: numpy.ndarray) -> numpy.ndarray:
    """Set the rows of parts that have changed.

    RETURNS (Ints1d): These parts.
    """
    known = values[parts]
    has_changed = (numpy.abs(found - known) > _SAME * numpy.abs(known)).any(axis=1)
    values[parts[has_changed]] = found[has_changed]
    return parts[has_changed]


def exp_of(values: numpy.ndarray) -> numpy.ndarray:
    """Exponentiate: forbidden values (-inf) give 0, all others more than 0."""
    return numpy.where(values == -numpy.inf, 0.0, numpy.exp(numpy.maximum(values, LOWEST)))
