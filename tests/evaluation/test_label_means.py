"""Means over labels that some samples lack."""

import numpy
import pytest

from spacy_mtl.evaluation.bootstrap import percentiles, resample
from spacy_mtl.evaluation.label_counts import RIGHT, CountTable
from spacy_mtl.evaluation.label_means import mean_of_labels
from spacy_mtl.evaluation.ranking import Ranking

NAN = numpy.nan


def test_by_hand() -> None:
    by_label = numpy.asarray([[1.0, 1.0, NAN], [0.5, NAN, NAN], [NAN, NAN, NAN]])
    assert mean_of_labels(by_label, False) == pytest.approx([0.5, 1 / 3, 0])
    # No sample has the last label.
    assert mean_of_labels(by_label, True) == pytest.approx([0.5, 0.5, 0])
    assert numpy.isnan(mean_of_labels(numpy.zeros((0, 2)), True)).all()


@pytest.mark.parametrize("positive", [None, "2"])
def test_intervals_of_rare_labels_have_the_score(positive: str | None) -> None:
    """All is right, and each label is in one document: no sample has all of them."""
    labels = list(map(str, range(20)))
    table = CountTable()
    for i, label in enumerate(labels):
        table.add(i, label, RIGHT)
    counts = table.finish(20, "macro", labels, positive)
    weights = resample(numpy.random.default_rng(0), 100, [True] * 20)
    found = percentiles(counts.scores(weights, resampled=True))
    assert found is not None
    assert (found.low, found.high) == (1.0, 1.0)
    gold = numpy.eye(20)
    found = percentiles(Ranking(tuple(labels), gold, gold).scores(weights, resampled=True))
    assert found is not None
    assert (found.low, found.high) == (1.0, 1.0)
