"""The forward-backward algorithm for chains of tokens (Baum et al. 1970), documents side by side.

Sums are rescaled at every token, so that neither long documents nor large scores overflow.
"""

from dataclasses import dataclass
from math import isqrt
from typing import List, Optional, Sequence

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
    n_states, is_first, is_last = len(chain.entering), parts.is_first, parts.is_last
    everything = _side_by_side(chain, parts, numpy.arange(len(parts.lengths)))
    # The first tokens of parts that aren't the first of their documents.
    inner = parts.starts[~is_first]
    forward, scales = numpy.empty((int(sizes.sum()), n_states)), numpy.empty((int(sizes.sum()), 1))
    entering = numpy.full((len(parts.lengths), n_states), 1.0 / n_states)
    entering[is_first] = chain.entering
    with numpy.errstate(divide="ignore", invalid="ignore"):
        changed = everything
        while changed:
            changed.go_forward(entering, forward, scales)
            todo = _update(entering, ~is_first, chain.arrive(forward[inner - 1]))
            changed = _side_by_side(chain, parts, todo)
        last = numpy.flatnonzero(is_last)[numpy.argsort(-sizes, kind="stable")]
        ends = parts.ends[last]
        closing = forward[ends] @ chain.leaving
        backward = numpy.empty_like(forward)
        leaving = numpy.ones_like(entering)
        leaving[last] = chain.leaving / closing[:, None]
        at_inner = chain.take(inner)
        changed = everything
        while changed:
            changed.go_back(leaving, backward, scales)
            before = at_inner.pass_back(backward[inner], slice(None), scales[inner])
            changed = _side_by_side(chain, parts, _update(leaving, ~is_last, before))
    return Sums(forward, backward, scales[:, 0], ends, closing)


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


@dataclass
class _SideBySide:
    """Parts whose tokens are ordered by position, so that each step is a slice."""

    chain: Chain
    steps: List[slice]
    tokens: numpy.ndarray
    parts: numpy.ndarray  # longest first

    def go_forward(
        self, entering: numpy.ndarray, forward: numpy.ndarray, scales: numpy.ndarray
    ) -> None:
        """Set the forward sums and scales of the parts, given what enters all parts."""
        found = numpy.empty((len(self.tokens), forward.shape[1]))
        divisors = numpy.empty((len(found), 1))
        arriving, before = entering[self.parts], found[:0]
        for t, rows in enumerate(self.steps):
            own = found[rows]
            if t:
                arriving = self.chain.arrive(before[: len(own)])
            reached = self.chain.pass_on(arriving, rows)
            scale = numpy.add.reduce(reached, axis=1, keepdims=True, out=divisors[rows])
            numpy.divide(reached, scale, out=own)
            if self.chain.least:
                numpy.maximum(own, self.chain.least, out=own)
            before = own
        forward[self.tokens], scales[self.tokens] = found, divisors

    def go_back(
        self, leaving: numpy.ndarray, backward: numpy.ndarray, scales: numpy.ndarray
    ) -> None:
        """Set the backward sums of the parts, given those at the ends of all parts."""
        found, divisors = numpy.empty((len(self.tokens), backward.shape[1])), scales[self.tokens]
        leaving, after, rows_after = leaving[self.parts], found[:0], slice(0)
        for rows in reversed(self.steps):
            own, n_on = found[rows], len(after)
            if n_on:
                own[:n_on] = self.chain.pass_back(after, rows_after, divisors[rows_after])
            own[n_on:] = leaving[n_on : len(own)]
            after, rows_after = own, rows
        backward[self.tokens] = found


def _side_by_side(chain: Chain, parts: _Parts, chosen: numpy.ndarray) -> Optional[_SideBySide]:
    """Order the tokens of some parts.

    chosen (Ints1d): The parts.
    RETURNS (Optional[_SideBySide]): None if there are none.
    """
    if not len(chosen):
        return None
    sizes = parts.lengths[chosen]
    steps = _steps(parts.starts[chosen], sizes)
    ends = numpy.cumsum([len(step) for step in steps]).tolist()
    rows = [slice(start, end) for start, end in zip([0, *ends], ends)]
    tokens = numpy.concatenate(steps)
    by_length = chosen[numpy.argsort(-sizes, kind="stable")]
    return _SideBySide(chain.take(tokens), rows, tokens, by_length)


def _update(values: numpy.ndarray, among: numpy.ndarray, found: numpy.ndarray) -> numpy.ndarray:
    """Set the rows of parts that have changed.

    values (Floats2d): One row per part. Modified in place. Shape: (n_parts, n_states).
    among (ndarray): True for the parts that may change. Shape: (n_parts,).
    found (Floats2d): Their rows. Shape: (among.sum(), n_states).
    RETURNS (Ints1d): The parts that have changed.
    """
    parts = numpy.flatnonzero(among)
    known = values[parts]
    has_changed = (numpy.abs(found - known) > _SAME * numpy.abs(known)).any(axis=1)
    values[parts[has_changed]] = found[has_changed]
    return parts[has_changed]


def exp_of(values: numpy.ndarray) -> numpy.ndarray:
    """Exponentiate: forbidden values (-inf) give 0, all others more than 0."""
    return numpy.where(values == -numpy.inf, 0.0, numpy.exp(numpy.maximum(values, LOWEST)))
