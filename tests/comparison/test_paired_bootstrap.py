"""Differences with an interval over seeds and documents together, on simulated counts."""

from typing import Any, List

import numpy
import pytest

from spacy_mtl.comparison.paired_bootstrap import expansion_of, p_of_seeds, paired_difference
from spacy_mtl.comparison.verdicts import ALPHA, NOT_SHOWN, corrected, verdict_of

N_DOCUMENTS, N_WORDS = 150, 20


def simulate(rng: Any, rate: float, spread: float, n_seeds: int, difficulty: Any) -> List[Any]:
    """The accuracies of seeds: each has its own rate, and each document its own difficulty."""
    found = []
    for _ in range(n_seeds):
        logits = numpy.log(rate / (1 - rate)) + rng.normal(0, spread) + difficulty
        right = rng.binomial(N_WORDS, 1 / (1 + numpy.exp(-logits)))

        def scores(weights: Any, right: Any = right) -> Any:
            return (weights @ right) / (weights.sum(axis=1) * N_WORDS)

        found.append(scores)
    return found


def compare(rng: Any, gains: List[float], spread: float, n_seeds: int) -> List[str]:
    """The verdicts on tasks that gain something, or nothing."""
    everywhere = numpy.ones(N_DOCUMENTS, bool)
    found = {}
    for i, gain in enumerate(gains):
        difficulty = rng.normal(0, 0.7, N_DOCUMENTS)
        base, other = (
            simulate(rng, rate, spread, n_seeds, difficulty) for rate in (0.7, 0.7 + gain)
        )
        found[str(i)] = paired_difference(base, other, everywhere, n_samples=1000)
    p_values = corrected({name: each.p for name, each in found.items() if each is not None})
    return [verdict_of(each, p_values[name]) for name, each in found.items() if each is not None]


@pytest.mark.parametrize("n_seeds", [2, 3, 5])
@pytest.mark.parametrize("spread", [0.0, 0.05, 0.2])
def test_identical_setups_show_no_difference(n_seeds: int, spread: float) -> None:
    """In 20 comparisons of three tasks, at most two find any gain or loss."""
    rng = numpy.random.default_rng(n_seeds)
    wrong = sum(
        any(verdict != NOT_SHOWN for verdict in compare(rng, [0, 0, 0], spread, n_seeds))
        for _ in range(20)
    )
    assert wrong <= 2


@pytest.mark.parametrize("n_seeds", [2, 3, 5])
def test_holm_holds_if_only_seeds_differ(n_seeds: int) -> None:
    """In 100 comparisons of five tasks, about five find any gain or loss: as in large corpora,
    where documents say the same."""
    rng = numpy.random.default_rng(0)
    everywhere = numpy.ones(3, bool)
    n_wrong = 0
    for _ in range(100):
        p_values = {}
        for task in range(5):
            base, other = (
                [lambda w, v=v: numpy.full(len(w), v) for v in rng.normal(0.5, 0.01, n_seeds)]
                for _ in range(2)
            )
            found = paired_difference(base, other, everywhere, n_samples=1000)
            assert found is not None
            p_values[str(task)] = found.p
        n_wrong += min(corrected(p_values).values()) < ALPHA
    assert n_wrong <= 9


def test_t_test_of_seeds() -> None:
    """By the table of the t distribution: 4.303 for 95 % and 2 degrees of freedom."""
    spread = numpy.asarray([-1.0, 0.0, 1.0])
    assert p_of_seeds(spread + 4.303 / 3**0.5) == pytest.approx(0.05, rel=1e-3)
    assert p_of_seeds(-(spread + 4.303 / 3**0.5)) == pytest.approx(0.05, rel=1e-3)
    assert p_of_seeds(spread) == 1.0
    assert p_of_seeds(numpy.full(3, 0.25)) == 0.0
    assert p_of_seeds(numpy.zeros(3)) == 1.0


def test_finds_a_gain_and_a_loss_that_are_there() -> None:
    rng = numpy.random.default_rng(0)
    found = [compare(rng, [0.1, -0.1, 0.0], 0.05, 5) for _ in range(10)]
    assert [each[0] for each in found] == ["gain"] * 10
    assert [each[1] for each in found] == ["loss"] * 10
    assert [each[2] for each in found].count(NOT_SHOWN) >= 9


def test_interval_covers_the_difference() -> None:
    rng = numpy.random.default_rng(1)
    everywhere = numpy.ones(N_DOCUMENTS, bool)
    n_covered = 0
    for _ in range(40):
        difficulty = rng.normal(0, 0.7, N_DOCUMENTS)
        base, other = (simulate(rng, rate, 0.1, 3, difficulty) for rate in (0.7, 0.7))
        found = paired_difference(base, other, everywhere, n_samples=500)
        assert found is not None
        n_covered += found.low <= 0 <= found.high
        assert found.low <= found.value <= found.high
    assert n_covered >= 37


def test_seeds_that_differ_widen_the_interval() -> None:
    """Also if every document says the same."""

    def constant(value: float) -> Any:
        return lambda weights: numpy.full(len(weights), value)

    everywhere = numpy.ones(10, bool)
    base = [constant(0.5)] * 3
    same = paired_difference(base, [constant(0.6)] * 3, everywhere)
    other = paired_difference(base, [constant(v) for v in (0.5, 0.6, 0.7)], everywhere)
    assert same is not None
    assert other is not None
    assert same.low == pytest.approx(same.high) == pytest.approx(0.1)
    assert same.p < 0.01
    assert other.low < 0 < other.high
    assert other.p > 0.05


def test_only_annotated_documents_are_drawn() -> None:
    right = numpy.asarray([1.0, 1.0, 0.0, 0.0])
    annotated = right > 0

    def scores(weights: Any) -> Any:
        return (weights @ right) / weights.sum(axis=1)

    found = paired_difference([scores] * 2, [scores] * 2, annotated)
    assert found is not None
    assert found.base == found.other == 1.0


def test_documents_without_a_score() -> None:
    nothing: Any = [lambda weights: numpy.full(len(weights), numpy.nan)] * 2
    assert paired_difference(nothing, nothing, numpy.ones(3, bool)) is None


@pytest.mark.parametrize("n", [0, 1])
def test_needs_two_seeds(n: int) -> None:
    scores: Any = [lambda weights: numpy.ones(len(weights))] * n
    with pytest.raises(ValueError, match="at least two, the same for both"):
        paired_difference(scores, scores, numpy.ones(3, bool))


def test_expansion() -> None:
    """By the tables of the t distribution: 12.706, 4.303 and 2.776."""
    expected = {2: 2**0.5 * 12.706, 3: 1.5**0.5 * 4.303, 5: 1.25**0.5 * 2.776}
    for n, value in expected.items():
        assert expansion_of(n, 0.95) == pytest.approx(value / 1.96, rel=1e-3)
    assert expansion_of(1000, 0.95) == pytest.approx(1, rel=1e-2)


def test_holm() -> None:
    """By hand: the smallest times three, the next times two, and never below one before."""
    found = corrected({"a": 0.02, "b": 0.04, "c": 0.01})
    assert found == pytest.approx({"a": 0.04, "b": 0.04, "c": 0.03})
    assert corrected({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert corrected({}) == {}
