"""Temperature scaling: one number that makes all of a head's confidences larger or smaller."""

import math
from typing import Callable

import numpy

from .metrics import negative_log_likelihood
from .platt import smoothed_targets

#: Temperatures are looked for between 1 / LARGEST and LARGEST.
LARGEST = 8.0
_N_COARSE, _TOLERANCE = 9, 0.005
_GOLDEN = (math.sqrt(5) - 1) / 2
ConfidencesAt = Callable[[float], numpy.ndarray]


def fit_temperature(confidences_at: ConfidencesAt, correct: numpy.ndarray) -> float:
    """Find the temperature with the highest likelihood of `smoothed_targets`.

    The predictions must not depend on the temperature. Their likelihood is that of being right or
    wrong, so that it is the same for entities, tags and categories, and also counts gold labels
    that the head doesn't have.

    confidences_at (Callable[[float], Floats1d]): Computes the confidences at a temperature, by
        which scores are divided before they become probabilities. Shape: (n_events,).
    correct (numpy.ndarray): Whether each prediction is right. Shape: (n_events,).
    RETURNS (float): The temperature, above 1 for a head that is too sure.
    SOURCE: Guo et al. 2017, section 4.2, arXiv:1706.04599. Differs: the likelihood of the best
        class only, see Gupta and Ramdas 2022, arXiv:2107.08353.
    """
    targets = smoothed_targets(correct)

    def loss_at(log: float) -> float:
        return negative_log_likelihood(confidences_at(math.exp(log)), targets)

    # The likelihood of the best of many classes may have several maxima.
    end = math.log(LARGEST)
    coarse = numpy.linspace(-end, end, _N_COARSE).tolist()
    losses = [loss_at(log) for log in coarse]
    best = losses.index(min(losses))
    return math.exp(_minimum(loss_at, coarse[max(best - 1, 0)], coarse[best : best + 2][-1]))


def _minimum(loss_at: Callable[[float], float], low: float, high: float) -> float:
    """RETURNS (float): Where the loss is lowest, by golden-section search."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss_at(left), loss_at(right)
    while high - low > _TOLERANCE:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss_at(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss_at(right)
    return (low + high) / 2
