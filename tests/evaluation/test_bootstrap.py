"""Intervals cover what they should, and are the same each time."""

import numpy
import pytest

from spacy_mtl.evaluation.bootstrap import percentiles, resample
from spacy_mtl.evaluation.label_counts import MISSED, RIGHT, CountTable


def test_samples_are_as_large_as_the_corpus() -> None:
    among = [True, False, True, True]
    weights = resample(numpy.random.default_rng(0), 50, among)
    assert weights.shape == (50, 4)
    assert (weights.sum(axis=1) == 3).all()
    assert not weights[:, 1].any()
    assert len({tuple(row) for row in weights.tolist()}) > 5
    again = resample(numpy.random.default_rng(0), 50, among)
    assert (weights == again).all()
    assert not resample(numpy.random.default_rng(0), 5, [False, False]).any()


def test_percentiles() -> None:
    found = percentiles(numpy.asarray([*range(101), numpy.nan], dtype="float64"), level=0.9)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((5, 95))
    assert percentiles(numpy.asarray([numpy.nan])) is None


def test_intervals_cover_the_true_score() -> None:
    """In about 95 of 100 corpora of documents that are right with a probability of 0.7."""
    rng = numpy.random.default_rng(0)
    n_docs, n_corpora, n_covered = 100, 200, 0
    for _ in range(n_corpora):
        table = CountTable()
        for i, is_right in enumerate(rng.random(n_docs) < 0.7):
            table.add(i, "a", RIGHT if is_right else MISSED)
        weights = resample(rng, 400, [True] * n_docs)
        found = percentiles(table.finish(n_docs).scores(weights))
        assert found is not None
        true = 2 * 0.7 / 1.7
        n_covered += found.low <= true <= found.high
    assert 0.9 <= n_covered / n_corpora <= 0.99
