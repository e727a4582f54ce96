"""The arrays of classes that a new label brings, wherever they are in the order."""

from typing import List, Sequence

import numpy
import pytest

from spacy_mtl.heads.biluo import class_names
from spacy_mtl.heads.crf import decode_crf, legal_transitions
from spacy_mtl.heads.growth import Growth, grown_rows, grown_transitions

RNG = numpy.random.default_rng


def sorted_classes(labels: Sequence[str]) -> List[str]:
    return ["none", *sorted(f"{label}{i}" for label in labels for i in (1, 2))]


def test_places_in_the_middle() -> None:
    """A user's head may have another order, and a class of its own."""
    growth = Growth.of(sorted_classes, ["c", "a"], "b", apart=False)
    assert growth.n_after == 7
    assert growth.kept == [0, 1, 2, 5, 6]
    assert growth.new == [3, 4]
    assert growth.like.tolist() == [[3, 4], [1, 2]]
    rows = RNG(0).normal(size=(5, 3)).astype("f")
    found = grown_rows(rows, growth, "W")
    assert numpy.array_equal(found[growth.kept], rows)
    assert found[3] == pytest.approx((rows[3] + rows[1]) / 2)
    assert found[4] == pytest.approx((rows[4] + rows[2]) / 2)
    bias = rows[:, 0]
    assert grown_rows(bias, growth, "b")[3] == pytest.approx((bias[3] + bias[1]) / 2 - 4.60517)


def test_transitions_in_the_middle() -> None:
    growth = Growth.of(sorted_classes, ["c", "a"], "b", apart=False)
    before = RNG(0).normal(size=(6, 6)).astype("f")
    found = grown_transitions(before, growth)
    old = [0, 1, 2, 5, 6, 7]
    assert numpy.array_equal(found[numpy.ix_(old, old)], before)
    # From a class of another label, from the start of a document, and to its end.
    assert found[1, 4] == pytest.approx((before[1, 4] + before[1, 2]) / 2)
    assert found[7, 3] == pytest.approx((before[5, 3] + before[5, 1]) / 2)
    assert found[4, 7] == pytest.approx((before[4, 5] + before[2, 5]) / 2)
    # Between the two classes of the label.
    assert found[3, 4] == pytest.approx((before[3, 4] + before[1, 2]) / 2)


def test_independent_labels() -> None:
    growth = Growth.of(list, ["a", "b"], "c", apart=True)
    assert not grown_rows(RNG(0).normal(size=(2, 3)), growth, "W")[2].any()
    bias = grown_rows(numpy.asarray([5.0, -5.0]), growth, "b")[2]
    assert 1 / (1 + numpy.exp(-bias)) == pytest.approx(0.01)
    cooled = grown_rows(numpy.asarray([5.0, -5.0]), growth, "b", temperature=5.0)[2]
    assert 1 / (1 + numpy.exp(-cooled / 5.0)) == pytest.approx(0.01)


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("n_types", [1, 3])
def test_no_sequence_changes(scale: float, n_types: int) -> None:
    """The best one has no entity of a new type, however the scores are spread."""
    labels = list("abc")[:n_types]
    for seed in range(20):
        rng = RNG(seed)
        classes = class_names(labels)
        rows = rng.normal(scale=scale, size=(len(classes), 4))
        bias = rng.normal(scale=scale, size=len(classes))
        transitions = rng.normal(scale=scale, size=(len(classes) + 1,) * 2)
        tokens = rng.normal(size=(30, 4))
        lengths = [12, 0, 17, 1]
        before = best(tokens @ rows.T + bias, lengths, transitions, n_types)
        known = list(labels)
        for label in "xy":
            growth = Growth.of(class_names, known, label, apart=False)
            rows, bias = grown_rows(rows, growth, "W"), grown_rows(bias, growth, "b")
            transitions = grown_transitions(transitions, growth)
            known.append(label)
        after = best(tokens @ rows.T + bias, lengths, transitions, len(known))
        assert numpy.array_equal(before, after)
        assert before.any()


def best(
    scores: numpy.ndarray, lengths: List[int], transitions: numpy.ndarray, n_types: int
) -> numpy.ndarray:
    legal = numpy.where(legal_transitions(n_types), transitions, -numpy.inf)
    return decode_crf(scores, lengths, legal)
