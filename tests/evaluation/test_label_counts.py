"""Counts by hand."""

import numpy
import pytest

from spacy_mtl.evaluation.label_counts import (
    MADE_UP,
    MISSED,
    RIGHT,
    CountTable,
    f_scores,
    precisions,
    recalls,
)

EACH_ONCE = numpy.ones((1, 3))


def test_sums_and_scores_by_hand() -> None:
    table = CountTable()
    table.add_sets(0, {("A", 0), ("B", 1)}, {("A", 0), ("A", 1)})
    table.add(2, "B", RIGHT)
    table.add(2, "B", MADE_UP)
    counts = table.finish(3)
    assert counts.labels == ("A", "B")
    assert counts.sums(EACH_ONCE).tolist() == [[2, 2, 1]]
    assert counts.sums_of(0, EACH_ONCE).tolist() == [[1, 0, 1]]
    assert counts.sums_of(1, EACH_ONCE).tolist() == [[1, 2, 0]]
    assert counts.scores(EACH_ONCE)[0] == pytest.approx(4 / 7)
    # The last document alone, twice, and the middle one, which has nothing.
    weights = numpy.asarray([[0.0, 0, 1], [0, 0, 2], [0, 1, 0]])
    found = counts.scores(weights)
    assert found[:2] == pytest.approx([2 / 3, 2 / 3])
    assert numpy.isnan(found[2])


def test_means_over_labels_include_those_that_never_occur() -> None:
    table = CountTable()
    table.add(0, "A", RIGHT)
    table.add(1, "B", MISSED)
    macro = table.finish(3, "macro", ["A", "B", "C", "D"])
    assert macro.scores(EACH_ONCE)[0] == 0.25
    positive = table.finish(3, "macro", ["A", "B"], positive="B")
    assert positive.scores(EACH_ONCE)[0] == 0.0
    assert positive.scores(numpy.asarray([[1.0, 0, 0]]))[0] == 0.0


def test_shares_without_counts() -> None:
    sums = numpy.asarray([[3.0, 1, 2], [0, 0, 2], [0, 0, 0]])
    assert precisions(sums)[0] == 0.75
    assert recalls(sums).tolist()[:2] == [0.6, 0]
    assert f_scores(sums)[0] == pytest.approx(2 * 0.75 * 0.6 / 1.35)
    assert numpy.isnan(precisions(sums)).tolist() == [False, True, True]
    assert numpy.isnan(recalls(sums)).tolist() == [False, False, True]
    assert numpy.isnan(f_scores(sums)).tolist() == [False, False, True]
