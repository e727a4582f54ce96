"""A difference between two ways to train, with an interval over seeds and documents together."""

import math
import warnings
from dataclasses import dataclass
from statistics import NormalDist
from typing import Callable, Optional, Sequence

import numpy

from ..evaluation.bootstrap import LEVEL, resample

#: The number of samples, and how many of them are computed at a time.
N_SAMPLES, _CHUNK = 2000, 200

#: Scores of a trained pipeline by how often each document counts. Takes an array of the shape
#: (n_samples, n_documents), and returns one of the shape (n_samples,).
Scores = Callable[[numpy.ndarray], numpy.ndarray]


@dataclass(frozen=True)
class Difference:
    """By how much one way to train is better than another.

    base (float): The mean score of the first, over the seeds.
    other (float): That of the second.
    low (float): The lower end of the interval of the difference.
    high (float): Its upper end.
    p (float): How likely a difference at least as large would be, if there were none. At least that
        of a paired t-test of the seeds.
    """

    base: float
    other: float
    low: float
    high: float
    p: float

    @property
    def value(self) -> float:
        """RETURNS (float): The difference, above 0 if the second is better."""
        return self.other - self.base


def paired_difference(
    base: Sequence[Scores],
    other: Sequence[Scores],
    annotated: numpy.ndarray,
    *,
    n_samples: int = N_SAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Optional[Difference]:
    """Compare two ways to train by a hierarchical bootstrap.

    Each sample draws documents and seeds with replacement, the same for both. The deviations of
    seeds from their mean are enlarged, because a bootstrap of few values is too narrow: with three
    seeds by a factor of 2.7, as if their mean followed a t distribution. That is right for the ends
    of the interval, but there are no more extreme samples of few seeds: a small p also needs a
    t-test of the seeds.

    base (Sequence[Callable]): The scores of the first way, one per seed, at least two.
    other (Sequence[Callable]): Those of the second, with the same seeds in the same order.
    annotated (Bools1d): Which documents to draw from. Shape: (n_documents,).
    n_samples (int): The number of samples.
    level (float): The share of samples in the interval.
    seed (int): The seed of the draws.
    RETURNS (Optional[Difference]): The difference. None if no document counts.
    RAISES (ValueError): If there are fewer than two seeds.
    SOURCE: resampling on both levels: Davison & Hinkley 1997, "Bootstrap Methods and their
        Application", section 3.8; the enlargement: Hesterberg 2015, "What Teachers Should Know
        About the Bootstrap", arXiv:1411.5279, section 3.3 (expanded percentile interval).
    """
    n_seeds = len(base)
    if n_seeds < 2 or len(other) != n_seeds:
        raise ValueError(
            f"There are {n_seeds} and {len(other)} seeds, but a difference by chance can only be "
            "told from others with at least two, the same for both."
        )
    whole = annotated[None] * 1.0
    by_base, by_other = (
        numpy.asarray([scores(whole)[0] for scores in each]) for each in (base, other)
    )
    of_base, of_other = by_base.mean(), by_other.mean()
    rng = numpy.random.default_rng(seed)
    expansion = expansion_of(n_seeds, level)
    samples = []
    for start in range(0, n_samples, _CHUNK):
        weights = resample(rng, min(_CHUNK, n_samples - start), annotated)
        by_seed: numpy.ndarray = numpy.stack([b(weights) - a(weights) for a, b in zip(base, other)])
        mean = by_seed.mean(axis=0)
        drawn = rng.integers(n_seeds, size=by_seed.shape)
        of_drawn = numpy.take_along_axis(by_seed, drawn, axis=0).mean(axis=0)
        samples.append(mean + expansion * (of_drawn - mean))
    values = numpy.concatenate(samples)
    values = values[numpy.isfinite(values)]
    if not len(values) or not math.isfinite(of_other - of_base):
        return None
    outside = (1 - level) / 2
    # Scores are from 0 to 1, which the enlargement doesn't know.
    low, high = numpy.clip(numpy.quantile(values, [outside, 1 - outside]), -1.0, 1.0)
    tail = min((values <= 0).sum(), (values >= 0).sum())
    p = max(p_of_seeds(by_other - by_base), min(1.0, 2 * (tail + 1) / (len(values) + 1)))
    return Difference(float(of_base), float(of_other), float(low), float(high), float(p))


def expansion_of(n_seeds: int, level: float) -> float:
    """Get the factor by which a bootstrap of a few means is too narrow.

    n_seeds (int): The number of values, at least 2.
    level (float): The share of samples in the interval.
    RETURNS (float): sqrt(n / (n - 1)) times the quantile of the t distribution with n - 1 degrees
        of freedom, divided by that of the normal distribution.
    """
    from scipy.stats import t

    quantile = (1 + level) / 2
    ratio = float(t.ppf(quantile, n_seeds - 1)) / NormalDist().inv_cdf(quantile)
    return math.sqrt(n_seeds / (n_seeds - 1)) * ratio


def p_of_seeds(differences: numpy.ndarray) -> float:
    """Test whether the mean of a few differences is 0.

    differences (Floats1d): The differences, at least two. Shape: (n_seeds,).
    RETURNS (float): The p-value of a two-sided t-test; 1 if all differences are 0.
    """
    from scipy.stats import ttest_1samp

    with warnings.catch_warnings():
        # About differences that are all alike.
        warnings.simplefilter("ignore", RuntimeWarning)
        p = float(ttest_1samp(differences, 0.0).pvalue)
    return 1.0 if math.isnan(p) else p
