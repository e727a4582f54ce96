"""Platt scaling: a logistic regression of what is right on the logits of the confidences."""

from typing import Optional, Tuple

import numpy

from .metrics import negative_log_likelihood

_MAX_STEPS, _SMALLEST_STEP = 100, 1e-10
#: Confidences nearer to 0 or 1 count as this, so that their logits are finite.
_EDGE = 1e-15


def smoothed_targets(correct: numpy.ndarray) -> numpy.ndarray:
    """Compute what confidences are fitted to, instead of 0 and 1.

    Otherwise, predictions that are all right would be given a confidence of 1.

    correct (numpy.ndarray): Whether each prediction is right. Shape: (n_events,).
    RETURNS (Floats1d): The probabilities of a new prediction under a uniform prior: slightly less
        than 1 for those that are right, slightly more than 0 for the others. Shape: (n_events,).
    SOURCE: Platt 1999, "Probabilistic Outputs for Support Vector Machines", section 2.2.
    """
    n_right = int(correct.sum())
    n_wrong = len(correct) - n_right
    return numpy.where(correct, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))


def scaled(confidences: numpy.ndarray, slope: float, offset: float) -> numpy.ndarray:
    """RETURNS (Floats1d): The confidences sigmoid(slope * logit(confidence) + offset)."""
    return _sigmoid(slope * _logits(confidences) + offset)


def fit_platt(confidences: numpy.ndarray, correct: numpy.ndarray) -> Optional[Tuple[float, float]]:
    """Fit slope and offset by the likelihood of `smoothed_targets`, with Newton's method.

    confidences (Floats1d): In [0, 1]. Shape: (n_events,).
    correct (numpy.ndarray): Whether each prediction is right. Shape: (n_events,).
    RETURNS (Optional[Tuple[float, float]]): Slope and offset; None if the slope isn't positive:
        then confidences say nothing, and would be reversed.
    SOURCE: Lin, Lin and Weng 2007, "A note on Platt's probabilistic outputs",
        doi:10.1007/s10994-007-5018-6. Differs: the inputs are logits.
    """
    inputs = numpy.stack([_logits(confidences), numpy.ones(len(confidences))], axis=1)
    targets = smoothed_targets(correct)
    n_right = int(correct.sum())
    # As if confidences said nothing: from extreme ones, the first step would be far too long.
    weights = numpy.asarray([0.0, numpy.log((n_right + 1) / (len(correct) - n_right + 1))])
    loss = negative_log_likelihood(_sigmoid(inputs @ weights), targets)
    for _ in range(_MAX_STEPS):
        predicted = _sigmoid(inputs @ weights)
        gradient = inputs.T @ (predicted - targets)
        curvature = inputs.T @ (inputs * (predicted * (1 - predicted))[:, None])
        # The shortest step: equal confidences leave one direction without curvature.
        step = numpy.linalg.lstsq(curvature, gradient, rcond=1e-9)[0]
        size = 1.0
        while size > _SMALLEST_STEP:
            found = weights - size * step
            new = negative_log_likelihood(_sigmoid(inputs @ found), targets)
            if new < loss:
                break
            size /= 2
        else:
            break
        weights, loss = found, new
    slope, offset = map(float, weights)
    return (slope, offset) if slope > 0 else None


def _logits(confidences: numpy.ndarray) -> numpy.ndarray:
    p = numpy.clip(confidences.astype("float64"), _EDGE, 1 - _EDGE)
    return numpy.log(p) - numpy.log1p(-p)


def _sigmoid(x: numpy.ndarray) -> numpy.ndarray:
    # Without overflow.
    found: numpy.ndarray = numpy.exp(-numpy.logaddexp(0.0, -x))
    return found
