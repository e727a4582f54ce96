"""A linear-chain conditional random field over BILUO classes (Lafferty et al. 2001).

The score of a sequence is the sum of its tokens' scores and of the learned scores of
its transitions, including those into the first and out of the last class. Training
and decoding consider only legal sequences. Without learned transitions
`viterbi.decode_biluo` finds the same sequence faster.
"""

from dataclasses import dataclass
from typing import Any, Sequence, Tuple

import numpy

from ..losses import MISSING
from ..types import LossAndGradient
from .biluo import PREFIXES
from .forward_backward import Chain, exp_of, steps_of, sum_sequences


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


class CrfChain(Chain):
    """The factors of a CRF, with the classes as states."""

    def __init__(self, emitted: numpy.ndarray, factors: numpy.ndarray) -> None:
        """Create a chain.

        emitted (Floats2d): The factors of the classes of tokens. Shape: (n_tokens, n_classes).
        factors (Floats2d): Those of transitions. Shape: (n_classes + 1, n_classes + 1).
        """
        self.emitted, self.factors = emitted, factors
        self.within, self.entering, self.leaving = _parts(factors)

    def take(self, tokens: numpy.ndarray) -> "CrfChain":
        """RETURNS (CrfChain): See `Chain`."""
        found = CrfChain(self.emitted[tokens], self.factors)
        found.least = self.least
        return found

    def arrive(self, sums: numpy.ndarray) -> numpy.ndarray:
        """RETURNS (Floats2d): The sums by the class of the next token: see `Chain`."""
        return sums @ self.within

    def pass_on(self, arriving: numpy.ndarray, rows: slice) -> numpy.ndarray:
        """RETURNS (Floats2d): See `Chain`."""
        return arriving * self.emitted[rows]

    def pass_back(
        self, following: numpy.ndarray, rows: slice, scales: numpy.ndarray
    ) -> numpy.ndarray:
        """RETURNS (Floats2d): See `Chain`."""
        return (self.emitted[rows] * following / scales) @ self.within.T


def _log_partition(
    scores: numpy.ndarray, lengths: Sequence[int], transitions: numpy.ndarray
) -> Tuple[float, numpy.ndarray, numpy.ndarray]:
    """Sum the documents' log-partition functions, with gradients."""
    d_scores, d_transitions = numpy.zeros_like(scores), numpy.zeros_like(transitions)
    steps = steps_of(lengths)
    if not steps:
        return 0.0, d_scores, d_transitions
    shift, row_shifts = transitions.max(), scores.max(axis=1)
    chain = CrfChain(exp_of(scores - row_shifts[:, None]), exp_of(transitions - shift))
    sums = sum_sequences(chain, lengths, split=False)
    forward, backward, scales = sums.forward, sums.backward, sums.scales[:, None]
    with numpy.errstate(divide="ignore", invalid="ignore"):
        log_z = row_shifts.sum() + shift * (len(scores) + len(sums.ends))
        for tokens in steps:
            log_z += numpy.log(scales[tokens]).sum()
        log_z += numpy.log(sums.closing).sum()
        closing = numpy.empty_like(scales)
        closing[sums.ends, 0] = sums.closing
        onward = chain.emitted * backward / scales
        n_on = 0
        for t in reversed(range(len(steps))):
            going_on, ending = steps[t][:n_on], steps[t][n_on:]
            d_transitions[:-1, -1] += (forward[ending] / closing[ending]).sum(axis=0)
            if n_on:
                d_transitions[:-1, :-1] += forward[going_on].T @ onward[steps[t + 1]]
            n_on = len(steps[t])
    d_transitions[-1, :-1] += onward[steps[0]].sum(axis=0)
    return float(log_z), forward * backward, d_transitions * chain.factors


def _parts(transitions: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Split into transitions between classes, into the first class and out of the last."""
    return transitions[:-1, :-1], transitions[-1, :-1], transitions[:-1, -1]
