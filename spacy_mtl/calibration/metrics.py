"""How well confidences are calibrated: of those of 0.9, nine in ten should be right."""

from dataclasses import dataclass
from typing import List

import numpy

#: The number of bins of equal width, as in Guo et al. 2017.
N_BINS = 15
#: Keeps the log of a probability of 0 finite.
TINY = 1e-7


@dataclass(frozen=True)
class Bin:
    """Predictions of about the same confidence.

    low (float): The lowest confidence of the bin, exclusive except for 0.
    high (float): The highest, inclusive.
    n (int): The number of predictions, at least 1.
    confidence (float): Their mean confidence.
    accuracy (float): The share that is right.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def bins_of(confidences: numpy.ndarray, correct: numpy.ndarray, n_bins: int = N_BINS) -> List[Bin]:
    """Group predictions by confidence, in bins of equal width.

    confidences (Floats1d): In [0, 1]. Shape: (n_events,).
    correct (numpy.ndarray): Whether each prediction is right. Shape: (n_events,).
    n_bins (int): The number of bins.
    RETURNS (List[Bin]): The bins that aren't empty, from low to high confidence.
    """
    # Before `ceil`, a confidence of 0 would be in a bin of its own.
    indices = numpy.maximum(numpy.ceil(confidences * n_bins).astype(int), 1) - 1
    found = []
    for i in range(n_bins):
        own = indices == i
        n = int(own.sum())
        if n:
            means = float(confidences[own].mean()), float(correct[own].mean())
            found.append(Bin(i / n_bins, (i + 1) / n_bins, n, *means))
    return found


def expected_calibration_error(
    confidences: numpy.ndarray, correct: numpy.ndarray, n_bins: int = N_BINS
) -> float:
    """Compute how far confidence and accuracy are apart, on average over the predictions.

    The bins have equal width, so that figures compare with published ones. Few predictions
    have an error above zero even if they are perfectly calibrated: see `error_by_chance`.

    confidences (Floats1d): In [0, 1]. Shape: (n_events,).
    correct (numpy.ndarray): Whether each prediction is right. Shape: (n_events,).
    n_bins (int): The number of bins.
    RETURNS (float): The error in [0, 1]; NaN without predictions.
    SOURCE: Guo et al. 2017, equation 3, arXiv:1706.04599.
    """
    if not len(confidences):
        return float("nan")
    found = bins_of(confidences, correct, n_bins)
    return sum(each.n * abs(each.accuracy - each.confidence) for each in found) / len(confidences)


def error_by_chance(confidences: numpy.ndarray, n_draws: int = 200, seed: int = 0) -> float:
    """Compute the calibration error that these confidences would have if they were perfect.

    confidences (Floats1d): In [0, 1]. Shape: (n_events,).
    n_draws (int): How often to draw what is right, each with the probability of its confidence.
    seed (int): The seed of the draws.
    RETURNS (float): The mean of `expected_calibration_error` over the draws.
    SOURCE: "Consistency resampling", Broecker and Smith 2007, doi:10.1175/WAF993.1.
    """
    rng = numpy.random.default_rng(seed)
    draws = (rng.random(len(confidences)) < confidences for _ in range(n_draws))
    return float(numpy.mean([expected_calibration_error(confidences, drawn) for drawn in draws]))


def negative_log_likelihood(confidences: numpy.ndarray, correct: numpy.ndarray) -> float:
    """Compute the mean negative log likelihood of what is right and what is wrong.

    confidences (Floats1d): In [0, 1]. Shape: (n_events,).
    correct (numpy.ndarray): Whether each prediction is right, or the probability that it is.
        Shape: (n_events,).
    RETURNS (float): In nats per prediction; NaN without predictions.
    """
    if not len(confidences):
        return float("nan")
    p = numpy.clip(confidences.astype("float64"), TINY, 1 - TINY)
    right = correct.astype("float64")
    return float(-(right * numpy.log(p) + (1 - right) * numpy.log1p(-p)).mean())


def brier_score(confidences: numpy.ndarray, correct: numpy.ndarray) -> float:
    """Compute the mean squared distance of the confidences from 1 (right) and 0 (wrong).

    confidences (Floats1d): In [0, 1]. Shape: (n_events,).
    correct (numpy.ndarray): Whether each prediction is right. Shape: (n_events,).
    RETURNS (float): In [0, 1]; NaN without predictions.
    SOURCE: Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2, for two outcomes.
    """
    if not len(confidences):
        return float("nan")
    return float(((confidences - correct) ** 2).mean())


@dataclass(frozen=True)
class Measures:
    """How good confidences are. Of all, lower is better.

    n (int): The number of predictions.
    nll (float): See `negative_log_likelihood`.
    ece (float): See `expected_calibration_error`.
    brier (float): See `brier_score`.
    """

    n: int
    nll: float
    ece: float
    brier: float


def measure(confidences: numpy.ndarray, correct: numpy.ndarray) -> Measures:
    """RETURNS (Measures): All measures of some predictions."""
    return Measures(
        len(confidences),
        negative_log_likelihood(confidences, correct),
        expected_calibration_error(confidences, correct),
        brier_score(confidences, correct),
    )
