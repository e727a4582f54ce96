"""A linear-chain conditional random field over BILUO classes (Lafferty et al. 2001).

The score of a sequence is the sum of its tokens' scores and of the learned scores of
its transitions, including those into the first and out of the last class. Training
and decoding consider only legal sequences. Without learned transitions
`viterbi.decode_biluo` finds the same sequence faster.
"""

from dataclasses import dataclass
from typing import Any, List, Sequence, Tuple

import numpy

from ..losses import MISSING
from ..types import LossAndGradient
from .biluo import PREFIXES

# Probabilities are at least exp(-200), so that no legal sequence is lost to underflow.
LOWEST = -200.0


@dataclass(frozen=True)
class CrfLoss(LossAndGradient):
    """The loss and its exact gradients.

    value (float): Negative log-likelihood of the gold classes, mean over the
        annotated tokens; 0.0 if there are none.
    gradient (Floats2d): With respect to the scores. Shape: (n_tokens, n_classes).
    n_units (int): How many tokens were annotated.
    d_transitions (Floats2d): Shape: (n_classes + 1, n_classes + 1).
    """

    d_transitions: numpy.ndarray


def legal_transitions(n_types: int) -> numpy.ndarray:
    """List which class may follow which.

    n_types (int): Number of entity types.
    RETURNS (numpy.ndarray): True where the column may follow the row. The last row
        is the start of a document, the last column its end.
        Shape: (n_classes + 1, n_classes + 1).
    """
    prefixes = numpy.asarray(["O", *PREFIXES * n_types, "O"])
    types = numpy.asarray([-1, *numpy.repeat(numpy.arange(n_types), len(PREFIXES)), -1])
    opens = numpy.isin(prefixes, ["B", "I"])[:, None]
    goes_on = numpy.isin(prefixes, ["I", "L"])[None, :]
    same_type = types[:, None] == types[None, :]
    return numpy.where(opens, goes_on & same_type, ~goes_on)


def crf_loss(
    scores: numpy.ndarray, labels: numpy.ndarray, lengths: Sequence[int], transitions: numpy.ndarray
) -> CrfLoss:
    """Compute the negative log-likelihood of the gold classes of a batch.

    If a token isn't annotated, every class that fits its neighbors counts as
    correct (Tsuboi et al. 2008).

    scores (Floats2d): Scores of the tokens of all documents, concatenated.
        Shape: (n_tokens, n_classes).
    labels (Ints1d): The gold class of each token, or MISSING. Shape: (n_tokens,).
    lengths (Sequence[int]): Number of tokens of each document.
    transitions (Floats2d): Transition scores, -inf where a transition is illegal: see
        `legal_transitions`. Shape: (n_classes + 1, n_classes + 1).
    RETURNS (CrfLoss): The loss and its gradients.
    """
    rows = numpy.nonzero(labels != MISSING)[0]
    if len(rows) == 0:
        none: Any = numpy.zeros_like(scores)
        return CrfLoss(0.0, none, 0, numpy.zeros_like(transitions))
    free = scores.astype("float64")
    fixed = free.copy()
    fixed[rows] = -numpy.inf
    fixed[rows, labels[rows]] = free[rows, labels[rows]]
    weights = transitions.astype("float64")
    log_all, d_all, dt_all = _log_partition(free, lengths, weights)
    log_gold, d_gold, dt_gold = _log_partition(fixed, lengths, weights)
    if not numpy.isfinite(log_all):
        raise ValueError(
            "The scores of an entity head aren't finite: training has diverged. Lower "
            "'learn_rate' in [training.optimizer] or the head's 'learn_rate_scale'."
        )
    if not numpy.isfinite(log_gold):
        raise ValueError("The gold classes of a document aren't a legal BILUO sequence.")
    n_units = len(rows)
    return CrfLoss(
        (log_all - log_gold) / n_units,
        ((d_all - d_gold) / n_units).astype(scores.dtype),
        n_units,
        ((dt_all - dt_gold) / n_units).astype(transitions.dtype),
    )


def token_marginals(
    scores: numpy.ndarray, lengths: Sequence[int], transitions: numpy.ndarray
) -> numpy.ndarray:
    """Compute the probability of each class at each token, over all legal sequences.

    scores (Floats2d): As in `crf_loss`.
    lengths (Sequence[int]): Number of tokens of each document.
    transitions (Floats2d): As in `crf_loss`.
    RETURNS (Floats2d): Rows that sum to 1. Shape: (n_tokens, n_classes).
    """
    # They are the gradient of the log-partition function.
    return _log_partition(scores.astype("float64"), lengths, transitions.astype("float64"))[1]


def decode_crf(
    scores: numpy.ndarray, lengths: Sequence[int], transitions: numpy.ndarray
) -> numpy.ndarray:
    """Find the sequence of classes with the highest score (Viterbi 1967).

    scores (Floats2d): As in `crf_loss`. -inf forbids a class; O must stay allowed.
    lengths (Sequence[int]): Number of tokens of each document.
    transitions (Floats2d): As in `crf_loss`.
    RETURNS (Ints1d): The class of each token. Shape: (n_tokens,).
    """
    classes = numpy.zeros(len(scores), dtype="int64")
    steps = steps_of(lengths)
    if not steps:
        return classes
    within, first, last = _parts(transitions)
    into = numpy.ascontiguousarray(within.T)
    best = first + scores[steps[0]]
    pointers = []
    for tokens in steps[1:]:
        n = len(tokens)
        ways = best[:n, None, :] + into
        chosen = ways.argmax(axis=2)
        pointers.append(chosen)
        reached = numpy.take_along_axis(ways, chosen[:, :, None], axis=2)[:, :, 0]
        best[:n] = reached + scores[tokens]
    following = (best + last).argmax(axis=1)
    for t in reversed(range(len(steps))):
        n = len(steps[t])
        classes[steps[t]] = following[:n]
        if t > 0:
            following[:n] = pointers[t - 1][numpy.arange(n), following[:n]]
    return classes


def _log_partition(
    scores: numpy.ndarray, lengths: Sequence[int], transitions: numpy.ndarray
) -> Tuple[float, numpy.ndarray, numpy.ndarray]:
    """Sum the documents' log-partition functions, with gradients (forward-backward algorithm).

    Works on probabilities that are rescaled at every token, so that a step is one
    matrix product.
    """
    d_scores, d_transitions = numpy.zeros_like(scores), numpy.zeros_like(transitions)
    steps = steps_of(lengths)
    if not steps:
        return 0.0, d_scores, d_transitions
    shift, row_shifts = transitions.max(), scores.max(axis=1)
    factors = _exp(transitions - shift)
    within, first, last = _parts(factors)
    emitted = _exp(scores - row_shifts[:, None])
    forward: List[numpy.ndarray] = []
    scales: List[numpy.ndarray] = []
    n_docs = len(steps[0])
    ends = numpy.zeros((n_docs, scores.shape[1]))
    log_z = row_shifts.sum() + shift * (len(scores) + n_docs)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        for t, tokens in enumerate(steps):
            n = len(tokens)
            reached = (forward[-1][:n] @ within if t else first[None, :]) * emitted[tokens]
            scale = reached.sum(axis=1, keepdims=True)
            log_z += numpy.log(scale).sum()
            ends[:n] = reached / scale
            forward.append(ends[:n].copy())
            scales.append(scale)
        closing = (ends @ last)[:, None]
        log_z += numpy.log(closing).sum()
    backward = numpy.zeros((0, scores.shape[1]))
    for t in reversed(range(len(steps))):
        tokens, n_on = steps[t], len(backward)
        ending = slice(n_on, len(tokens))
        d_transitions[:-1, -1] += (forward[t][ending] / closing[ending]).sum(axis=0)
        ended = numpy.broadcast_to(last, (len(tokens) - n_on, len(last))) / closing[ending]
        if n_on:
            onward = emitted[steps[t + 1]] * backward / scales[t + 1]
            d_transitions[:-1, :-1] += forward[t][:n_on].T @ onward
            ended = numpy.concatenate([onward @ within.T, ended])
        backward = ended
        d_scores[tokens] = forward[t] * backward
    d_transitions[-1, :-1] += (emitted[steps[0]] * backward / scales[0]).sum(axis=0)
    return float(log_z), d_scores, d_transitions * factors


def _exp(values: numpy.ndarray) -> numpy.ndarray:
    """Exponentiate: forbidden values (-inf) give 0, all others more than 0."""
    return numpy.where(values == -numpy.inf, 0.0, numpy.exp(numpy.maximum(values, LOWEST)))


def steps_of(lengths: Sequence[int]) -> List[numpy.ndarray]:
    """List the tokens at each position, longest document first.

    lengths (Sequence[int]): Number of tokens of each document.
    RETURNS (List[Ints1d]): One array per position. Shape of each: (n_docs,).
    """
    sizes = numpy.asarray(lengths, dtype="int64")
    starts = numpy.cumsum(sizes) - sizes
    order = numpy.argsort(-sizes, kind="stable")
    longest = int(sizes.max()) if len(sizes) else 0
    return [starts[order[: int((sizes > t).sum())]] + t for t in range(longest)]


def _parts(transitions: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Split into transitions between classes, into the first class and out of the last."""
    return transitions[:-1, :-1], transitions[-1, :-1], transitions[:-1, -1]
