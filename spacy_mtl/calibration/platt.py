"""Platt scaling: a logistic regression of what is right on the logits of the confidences."""

from typing import List, Tuple

import numpy

from .metrics import negative_log_likelihood

_MAX_STEPS, _SMALLEST_STEP, _MIN_SLOPE = 100, 1e-10, 0.05
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


def fit_platt(confidences: numpy.ndarray, correct: numpy.ndarray) -> Tuple[float, float]:
    """Fit slope and offset by the likelihood of `smoothed_targets`, with Newton's method.

    confidences (Floats1d): In [0, 1]. Shape: (n_events,).
    correct (numpy.ndarray): Whether each prediction is right. Shape: (n_events,).
    RETURNS (Tuple[float, float]): Slope and offset. The slope is 0.05 or more, so that
        confidences that say nothing keep their order.
    SOURCE: Lin, Lin and Weng 2007, "A note on Platt's probabilistic outputs",
        doi:10.1007/s10994-007-5018-6. Differs: the inputs are logits, the slope has a minimum.
    """
    logits, ones = _logits(confidences), numpy.ones(len(confidences))
    targets = smoothed_targets(correct)
    slope, offset = _fit(numpy.stack([logits, ones], axis=1), 0 * logits, targets)
    if slope < _MIN_SLOPE:
        slope = _MIN_SLOPE
        (offset,) = _fit(ones[:, None], slope * logits, targets)
    return slope, offset


def _fit(inputs: numpy.ndarray, known: numpy.ndarray, targets: numpy.ndarray) -> List[float]:
    """Fit a logistic regression.

    inputs (Floats2d): The inputs, the last of which is 1. Shape: (n_events, n_inputs).
    known (Floats1d): What is added to their weighted sums. Shape: (n_events,).
    targets (Floats1d): The probabilities. Shape: (n_events,).
    RETURNS (List[float]): The weights.
    """
    weights = numpy.zeros(inputs.shape[1])
    # As if the inputs said nothing: from extreme logits, the first step would be far too long.
    mean = targets.mean()
    weights[-1] = numpy.log(mean / (1 - mean)) - known.mean()
    loss = negative_log_likelihood(_sigmoid(inputs @ weights + known), targets)
    for _ in range(_MAX_STEPS):
        predicted = _sigmoid(inputs @ weights + known)
        gradient = inputs.T @ (predicted - targets)
        curvature = inputs.T @ (inputs * (predicted * (1 - predicted))[:, None])
        # The shortest step: equal confidences leave one direction without curvature.
        step = numpy.linalg.lstsq(curvature, gradient, rcond=1e-9)[0]
        size = 1.0
        while size > _SMALLEST_STEP:
            found = weights - size * step
            new = negative_log_likelihood(_sigmoid(inputs @ found + known), targets)
            if new < loss:
                break
            size /= 2
        else:
            break
        weights, loss = found, new
    return [float(weight) for weight in weights]


def _logits(confidences: numpy.ndarray) -> numpy.ndarray:
    p = numpy.clip(confidences.astype("float64"), _EDGE, 1 - _EDGE)
    return numpy.log(p) - numpy.log1p(-p)


def _sigmoid(x: numpy.ndarray) -> numpy.ndarray:
    # Without overflow.
    found: numpy.ndarray = numpy.exp(-numpy.logaddexp(0.0, -x))
    return found
