"""Learning the token marginals of a teacher in a linear-chain CRF.

What is compared are probabilities of single tokens, so that the teacher may be of any kind. The
gradient of marginals goes through the forward-backward algorithm: torch computes it.
"""

from itertools import pairwise
from typing import Any, List, Sequence

import numpy
import torch
from torch import Tensor

from .crf import CrfLoss
from .forward_backward import steps_of

#: Sums of probabilities, relative to the largest, are at least this, so that logarithms are finite.
_LEAST = 1e-300


def crf_distillation(
    scores: numpy.ndarray,
    targets: numpy.ndarray,
    lengths: Sequence[int],
    transitions: numpy.ndarray,
) -> CrfLoss:
    """Compute the cross-entropy of marginals against a teacher's, mean over all tokens.

    Classes that no legal sequence has at a token are left out of its target.

    scores (Floats2d): Scores of the tokens of all documents, concatenated. At least one token.
        Shape: (n_tokens, n_classes).
    targets (Floats2d): The teacher's probabilities. Shape: (n_tokens, n_classes).
    lengths (Sequence[int]): Number of tokens of each document.
    transitions (Floats2d): Transition scores, -inf where a transition is illegal: see
        `legal_transitions`. Shape: (n_classes + 1, n_classes + 1).
    RETURNS (CrfLoss): The loss and its gradients.
    SOURCE: Wang et al. 2020, section 3.2 (posterior distillation), arXiv:2004.03846. Differs: the
        teacher need not be a CRF.
    """
    steps = steps_of(lengths)
    X = torch.from_numpy(scores.astype("float64")).requires_grad_()
    T = torch.from_numpy(transitions.astype("float64")).requires_grad_()
    own = targets * _possible(steps, numpy.isfinite(transitions), scores.shape).astype("float64")
    wanted = torch.from_numpy(own / numpy.maximum(own.sum(axis=1, keepdims=True), _LEAST))
    found = zip(steps, _log_marginals([X[tokens] for tokens in steps], T))
    total = sum((wanted[tokens] * log_probs).sum() for tokens, log_probs in found)
    loss: Any = -total / len(scores)
    loss.backward()
    d_scores: Any = X.grad
    d_transitions: Any = T.grad
    return CrfLoss(
        float(loss.detach()),
        d_scores.numpy().astype(scores.dtype),
        len(scores),
        d_transitions.numpy().astype(transitions.dtype),
    )


def crf_distillation_among(
    scores: numpy.ndarray,
    targets: numpy.ndarray,
    lengths: Sequence[int],
    transitions: numpy.ndarray,
    classes: Sequence[int],
) -> CrfLoss:
    """Compute the cross-entropy of marginals as if there were only some of the classes.

    Marginals are those among all legal sequences of these classes.

    scores (Floats2d): As in `crf_distillation`.
    targets (Floats2d): The teacher's probabilities. Shape: (n_tokens, len(classes)).
    lengths (Sequence[int]): As in `crf_distillation`.
    transitions (Floats2d): As in `crf_distillation`.
    classes (Sequence[int]): The classes that have targets. Some legal sequence has only these.
    RETURNS (CrfLoss): The loss and its gradients, which are 0 for other classes.
    """
    places = list(classes)
    known = numpy.ix_([*places, scores.shape[1]], [*places, scores.shape[1]])
    own = numpy.take(scores, places, axis=1)
    loss = crf_distillation(own, targets, lengths, transitions[known])
    d_scores: Any = numpy.zeros_like(scores)
    d_transitions = numpy.zeros_like(transitions)
    d_scores[:, places], d_transitions[known] = loss.gradient, loss.d_transitions
    return CrfLoss(loss.value, d_scores, loss.n_units, d_transitions)


def _log_marginals(scores: List[Tensor], transitions: Tensor) -> List[Tensor]:
    """Compute the log probability of each class at each token.

    scores (List[Tensor]): The scores at each position, of the documents that reach it, longest
        document first. Shape of each: (n_docs, n_classes).
    transitions (Tensor): Shape: (n_classes + 1, n_classes + 1).
    RETURNS (List[Tensor]): In the form of `scores`.
    """
    # A factor for all of them changes no marginal.
    factors = torch.exp(transitions - transitions.detach().max())
    within, first, last = factors[:-1, :-1], _log(factors[-1, :-1]), _log(factors[:-1, -1])
    forward = [first + scores[0]]
    for at in scores[1:]:
        forward.append(_log_product(forward[-1][: len(at)], within) + at)
    backward = [last.expand(len(scores[-1]), -1)]
    for t in reversed(range(len(scores) - 1)):
        onward = _log_product(scores[t + 1] + backward[-1], within.T)
        ended = last.expand(len(scores[t]) - len(onward), -1)
        backward.append(torch.cat([onward, ended]))
    joint = [a + b for a, b in zip(forward, reversed(backward))]
    log_z = torch.logsumexp(joint[0], dim=1, keepdim=True)
    return [each - log_z[: len(each)] for each in joint]


def _log_product(logs: Tensor, factors: Tensor) -> Tensor:
    """Multiply the exponentials of rows with a matrix."""
    largest = logs.detach().max(dim=1, keepdim=True).values
    return _log(torch.exp(logs - largest) @ factors) + largest


def _log(values: Tensor) -> Tensor:
    return torch.log(values.clamp_min(_LEAST))


def _possible(steps: List[numpy.ndarray], legal: numpy.ndarray, shape: Any) -> numpy.ndarray:
    """Find the classes that a legal sequence may have at each token.

    steps (List[Ints1d]): The tokens at each position: see `steps_of`.
    legal (ndarray): See `legal_transitions`. Shape: (n_classes + 1, n_classes + 1).
    shape (Tuple[int, int]): That of the result.
    RETURNS (ndarray): True where a class is possible. Shape: (n_tokens, n_classes).
    """
    found = numpy.zeros(shape, dtype=bool)
    within, first, last = legal[:-1, :-1], legal[-1, :-1], legal[:-1, -1]
    found[steps[0]] = first
    for before, tokens in pairwise(steps):
        found[tokens] = found[before[: len(tokens)]] @ within
    onward = numpy.zeros((0, shape[1]), dtype=bool)
    for tokens in reversed(steps):
        ended = numpy.broadcast_to(last, (len(tokens) - len(onward), shape[1]))
        found[tokens] &= numpy.concatenate([onward, ended])
        onward = found[tokens] @ within.T
    return found
