"""Areas under ROC curves, against counting all pairs."""

import numpy
import pytest

from spacy_mtl.evaluation.ranking import Ranking

N_DOCS = 20


def area(gold: numpy.ndarray, predicted: numpy.ndarray) -> float:
    pairs = [
        (p > n) + (p == n) / 2
        for p, g in zip(predicted, gold)
        for n, h in zip(predicted, gold)
        if g == 1 and h == 0
    ]
    return sum(pairs) / len(pairs) if pairs else 0.0


def test_areas_are_those_of_pairs() -> None:
    rng = numpy.random.default_rng(0)
    gold = rng.integers(0, 2, (N_DOCS, 2)).astype("float64")
    gold[::5, 0] = numpy.nan
    # With ties.
    predicted = rng.integers(0, 6, (N_DOCS, 2)) / 5
    ranking = Ranking(("a", "b"), gold, predicted)
    for _ in range(5):
        drawn = rng.integers(0, N_DOCS, N_DOCS)
        weights = numpy.bincount(drawn, minlength=N_DOCS)[None].astype("float64")
        expected = [area(gold[drawn, i], predicted[drawn, i]) for i in range(2)]
        found = [ranking.areas(i, weights)[0] for i in range(2)]
        assert found == pytest.approx(expected)
        assert ranking.scores(weights)[0] == pytest.approx(sum(expected) / 2)


def test_labels_with_one_value() -> None:
    gold = numpy.asarray([[1.0, numpy.nan], [1.0, numpy.nan]])
    ranking = Ranking(("a", "b"), gold, numpy.zeros((2, 2)))
    once = numpy.ones((1, 2))
    assert numpy.isnan([ranking.areas(i, once)[0] for i in range(2)]).all()
    assert ranking.scores(once)[0] == 0.0
    assert numpy.isnan(ranking.scores(numpy.zeros((1, 2)))[0])
