"""Confusion tables, by hand."""

import pytest

from spacy_mtl.evaluation.confusion import make_confusion


def test_table_and_most_frequent() -> None:
    counts = {("b", "a"): 3, ("b", "b"): 1, ("a", "a"): 5, ("a", ""): 1, ("a", "c"): 1}
    table = make_confusion(counts)
    assert table.rows == ("a", "b")
    assert table.columns == ("a", "b", "c", "(none)")
    assert table.counts == [[5, 0, 1, 1], [3, 1, 0, 0]]
    pairs = table.most_frequent(2)
    assert [(p.gold, p.predicted, p.n) for p in pairs] == [("b", "a", 3), ("a", "c", 1)]
    assert pairs[0].share == pytest.approx(0.75)
    assert pairs[1].share == pytest.approx(1 / 7)
