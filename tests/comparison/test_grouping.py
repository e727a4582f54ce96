"""Which tasks to train together, by what each gains from the others."""

from math import comb

import numpy
import pytest

from spacy_mtl.comparison.grouping import MOST_EXACT, best_grouping, partitions, total_gain


def planted(n_groups: int, size: int, noise: float = 0.0) -> numpy.ndarray:
    """Tasks help those of their own group, and harm the others."""
    n = n_groups * size
    group = numpy.arange(n) % n_groups
    rng = numpy.random.default_rng(0)
    return numpy.where(group[:, None] == group, 1.0, -1.0) + noise * rng.standard_normal((n, n))


def bell(n: int) -> int:
    return 1 if n == 0 else sum(comb(n - 1, k) * bell(k) for k in range(n))


@pytest.mark.parametrize("n", range(7))
def test_partitions_are_all_there_are(n: int) -> None:
    found = [frozenset(map(frozenset, each)) for each in partitions(n)]
    assert len(found) == len(set(found)) == bell(n)
    assert all(sorted(i for group in each for i in group) == list(range(n)) for each in found)


@pytest.mark.parametrize("n_groups, size", [(2, 2), (2, 4), (4, 2), (3, 4), (2, 6)])
def test_finds_planted_groups(n_groups: int, size: int) -> None:
    """Exactly for few tasks, greedily for many."""
    n = n_groups * size
    expected = [list(range(i, n, n_groups)) for i in range(n_groups)]
    assert best_grouping(planted(n_groups, size)) == expected
    assert best_grouping(planted(n_groups, size, noise=0.2), n_groups) == expected
    assert (n > MOST_EXACT) == (n == 12)


def test_no_task_is_left_out_of_a_limit() -> None:
    for n in (4, 10):
        harmful = -numpy.ones((n, n))
        assert best_grouping(harmful) == [[i] for i in range(n)]
        assert len(best_grouping(harmful, n_groups=1)) == 1
        assert len(best_grouping(harmful, n_groups=2)) == 2


def test_of_equal_groupings_the_one_with_fewest_groups() -> None:
    assert best_grouping(numpy.zeros((3, 3))) == [[0, 1, 2]]


def test_own_affinity_does_not_count() -> None:
    affinity = numpy.diag([9.0, 9.0]) + numpy.asarray([[0, 0.1], [0.1, 0]])
    assert best_grouping(affinity) == [[0, 1]]


def test_gain_is_the_mean_of_the_others() -> None:
    affinity = numpy.asarray([[0, 1, 2], [3, 0, 4], [5, 6, 0]], dtype=float)
    assert total_gain(affinity, [[0, 1, 2]]) == (3 + 5) / 2 + (1 + 6) / 2 + (2 + 4) / 2
    assert total_gain(affinity, [[0], [1, 2]]) == 6 + 4


@pytest.mark.parametrize("n", [4, 10])
def test_differences_that_are_noise_cost_no_pipeline(n: int) -> None:
    affinity = 0.1 * numpy.random.default_rng(0).standard_normal((n, n))
    assert len(best_grouping(affinity)) > 1
    assert best_grouping(affinity, errors=numpy.full((n, n), 1.0)) == [list(range(n))]
