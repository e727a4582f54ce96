"""Thresholds: what they may be."""

import math
from typing import Any

import pytest

from spacy_mtl.heads.thresholds import misfit_of, threshold_of

LABELS = ["LOC", "PER"]


@pytest.mark.parametrize("threshold", [None, 0, 1, 0.5, {}, {"LOC": 0.2}, {"LOC": 1, "PER": 0}])
def test_legal(threshold: Any) -> None:
    assert misfit_of(threshold, LABELS) is None
    assert misfit_of(threshold, ()) is None


@pytest.mark.parametrize(
    "threshold, match",
    [
        (1.5, "'threshold' is 1.5, but it must be a probability in"),
        (-0.1, "'threshold' is -0.1"),
        (math.nan, "'threshold' is nan"),
        (True, "'threshold' is True"),
        ("0.5", "'threshold' is '0.5'"),
        ([0.5], "such numbers by label, or null"),
        ({"LOC": 2}, "'threshold' of the label 'LOC' is 2, but"),
        ({"LOC": None}, "'threshold' of the label 'LOC' is None"),
        ({"X": 0.5}, r"'threshold' is set for 'X', which is no label of the head\. Its labels"),
        ({"LOK": 0.5}, r"head\. Did you mean 'LOC'\? Its labels: LOC, PER"),
        ({"loc": 0.5}, "Did you mean 'LOC'"),
    ],
)
def test_illegal(threshold: Any, match: str) -> None:
    found = misfit_of(threshold, LABELS)
    assert found is not None
    with pytest.raises(ValueError, match=match):
        raise ValueError(found)


def test_labels_that_are_not_known_yet() -> None:
    assert misfit_of({"LOK": 0.5}, ()) is None
    assert misfit_of({"LOK": 5}, ()) is not None


def test_by_label() -> None:
    assert [threshold_of({"LOC": 0.25}, label) for label in LABELS] == [0.25, 0.0]
    assert [threshold_of(0.5, label) for label in LABELS] == [0.5, 0.5]
    assert threshold_of(None, "LOC") == 0.0
