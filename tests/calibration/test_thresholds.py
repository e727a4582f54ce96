"""Thresholds by label."""

from dataclasses import replace
from operator import attrgetter
from typing import Any, Dict, List

import numpy
import pytest
from drawn_confidences import draw, joined

from spacy_mtl.calibration.events import Events, make_events
from spacy_mtl.calibration.goals import Goal, for_f1, for_precision, for_recall
from spacy_mtl.calibration.points import Point, point_at, points_of
from spacy_mtl.calibration.thresholds import UnreachableError, choose_thresholds


def mostly_wrong(label: str) -> Events:
    """Predictions of which one in three is right, whatever the confidence."""
    drawn = draw(200, label=label, seed=1)
    return replace(drawn, correct=numpy.arange(200) % 3 == 0, n_gold={label: 134})


def approx(point: Point) -> Any:
    """The same, but for rounding of what is expected."""
    return replace(
        point,
        expected_precision=pytest.approx(point.expected_precision),
        expected_recall=pytest.approx(point.expected_recall),
    )


def test_points_keep_what_they_say() -> None:
    events = draw(200)
    points = points_of(events)
    assert points[0].threshold == 0.0
    assert points[0].n_kept == 200
    assert points[-1].n_kept == 20
    for point in points:
        kept = events.confidences >= point.threshold
        assert point == approx(point_at(events, point.threshold))
        assert point.n_kept == kept.sum()
        assert point.precision == events.correct[kept].mean()
        assert point.expected_precision == pytest.approx(events.confidences[kept].mean())


def test_equal_confidences_stay_together() -> None:
    events = make_events([0.4] * 40 + [0.8] * 40, [True] * 80, ["A"] * 80, range(80), {"A": 100})
    assert [point.threshold for point in points_of(events)] == [0.0, pytest.approx(0.6)]


def test_precision_by_label() -> None:
    """Each label is expected to reach it alone, and no lower threshold would do."""
    easy, hard = draw(500, label="easy", center=2.0), draw(500, label="hard", center=0.0)
    events = joined(easy, hard)
    found = choose_thresholds(events, for_precision(0.9), by_label=True)
    assert found.too_few == found.short == []
    assert found.by_label["easy"].threshold < found.common.threshold
    assert found.by_label["hard"].threshold > found.common.threshold
    for label, own in (("easy", easy), ("hard", hard)):
        point = found.by_label[label]
        assert point.expected_precision >= 0.9
        lower = [each for each in points_of(own) if each.threshold < point.threshold]
        assert all(each.expected_precision < 0.9 for each in lower)


def test_holds_for_new_predictions() -> None:
    """Those of other texts, whose confidences are as good."""
    labels = {"a": 1.0, "b": 0.5, "c": 0.0}
    for seed in range(3):
        dev, test = (
            joined(*(draw(600, label=n, center=c, seed=s) for n, c in labels.items()))
            for s in (seed, seed + 100)
        )
        found = choose_thresholds(dev, for_precision(0.9), by_label=True)
        kept = [point_at(test.of(n), found.by_label[n].threshold) for n in labels]
        n_kept = sum(each.n_kept for each in kept)
        assert n_kept > 200
        assert 0.86 < sum(each.precision * each.n_kept for each in kept) / n_kept < 0.94


def test_small_sets_are_no_stroke_of_luck() -> None:
    """Counting would take the best of many points: by chance, and too low for other texts."""
    by_counting = replace(for_precision(0.9), value=attrgetter("precision"))
    found: Dict[str, List[float]] = {"counted": [], "expected": []}
    for seed in range(40):
        dev, test = draw(300, center=1.0, seed=seed), draw(3000, center=1.0, seed=seed + 100)
        for name, goal in (("counted", by_counting), ("expected", for_precision(0.9))):
            chosen = choose_thresholds(dev, goal, by_label=False).common
            found[name].append(point_at(test, chosen.threshold).precision)
    errors = {name: numpy.asarray(each) - 0.9 for name, each in found.items()}
    assert errors["counted"].mean() < -0.005
    assert abs(errors["expected"].mean()) < 0.005
    assert errors["expected"].std() < errors["counted"].std() / 2


def test_confidences_that_the_texts_contradict() -> None:
    """What they say isn't believed, if many fewer are right."""
    too_sure = draw(500, lambda p: 0.5 + p / 2)
    point = choose_thresholds(too_sure, for_precision(0.9), by_label=False).common
    assert point.expected_precision > 0.92
    assert 0.85 < point.precision < 0.9
    believed = draw(500)
    assert (
        point.threshold
        > choose_thresholds(believed, for_precision(0.9), by_label=False).common.threshold
    )


def test_recall() -> None:
    """The highest threshold that finds as much. Half of the annotation is found without one."""
    events = draw(500)
    point = choose_thresholds(events, for_recall(0.4), by_label=False).common
    assert point.recall >= 0.4
    higher = [each for each in points_of(events) if each.threshold > point.threshold]
    assert higher
    assert all(each.recall < 0.4 for each in higher)


def test_best_f1() -> None:
    events = draw(500, center=-0.5)
    points = points_of(events)
    point = choose_thresholds(events, for_f1(), by_label=False).common
    assert point.expected_f1 == max(each.expected_f1 for each in points)
    assert point.f1 > points[0].f1


def test_common_threshold_for_rare_labels() -> None:
    events = joined(draw(500, label="common"), draw(99, label="rare", seed=1))
    found = choose_thresholds(events, for_precision(0.8), by_label=True)
    assert set(found.by_label) == {"common"}
    assert found.too_few == ["rare"]
    assert found.common.likely_precision >= 0.8


def test_label_that_falls_short() -> None:
    """It gets the threshold that comes closest; the others reach the goal."""
    wrong = mostly_wrong("wrong")
    found = choose_thresholds(
        joined(draw(500, label="right", center=2.0), wrong), for_precision(0.9), by_label=True
    )
    assert found.short == ["wrong"]
    best = max(each.likely_precision for each in points_of(wrong))
    assert found.by_label["wrong"].likely_precision == best < 0.9
    assert found.by_label["right"].likely_precision >= 0.9


@pytest.mark.parametrize(
    ("goal", "says"),
    [
        (
            for_precision(0.999),
            r"a precision of 0.999. The best is 0.\d+, with a threshold of 0.\d+",
        ),
        (for_recall(0.6), r"a recall of 0.6. The best is 0.500, with a threshold of 0.\d+"),
    ],
)
def test_unreachable(goal: Goal, says: str) -> None:
    with pytest.raises(UnreachableError, match=says):
        choose_thresholds(mostly_wrong("A"), goal, by_label=True)
