"""Intervals of scores: how much they would change with other documents of the same kind."""

from dataclasses import dataclass
from typing import Any, Optional

import numpy

#: How many samples, and which share of them an interval has.
N_SAMPLES, LEVEL = 1000, 0.95


@dataclass(frozen=True)
class Interval:
    """The range that has a share of the values.

    low (float): Its lower end.
    high (float): Its upper end.
    """

    low: float
    high: float


def resample(rng: numpy.random.Generator, n_samples: int, among: Any) -> numpy.ndarray:
    """Draw documents with replacement, as many as there are.

    rng (numpy.random.Generator): The source of chance.
    n_samples (int): How often.
    among (Bools1d): Which documents to draw from. Shape: (n_documents,).
    RETURNS (Floats2d): How often each document was drawn. Shape: (n_samples, n_documents).
    """
    among = numpy.asarray(among, dtype=bool)
    n_drawn = int(among.sum())
    weights = numpy.zeros((n_samples, len(among)))
    if n_drawn:
        weights[:, among] = rng.multinomial(n_drawn, numpy.full(n_drawn, 1 / n_drawn), n_samples)
    return weights


def percentiles(values: numpy.ndarray, level: float = LEVEL) -> Optional[Interval]:
    """Find the interval that leaves out as much above as below.

    values (Floats1d): The value of each sample. NaN doesn't count. Shape: (n_samples,).
    level (float): The share inside, in (0, 1).
    RETURNS (Optional[Interval]): The interval; None if there is no value.
    SOURCE: Efron 1979, "Bootstrap methods: another look at the jackknife": percentile method.
    """
    finite = values[numpy.isfinite(values)]
    if not len(finite):
        return None
    outside = (1 - level) / 2
    low, high = numpy.quantile(finite, [outside, 1 - outside])
    return Interval(float(low), float(high))
