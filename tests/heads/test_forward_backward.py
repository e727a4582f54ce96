"""Long documents in parts give what they give in one piece."""

from typing import List, Optional

import numpy
import pytest
from legal_sequences import KINDS, draw_transitions

from spacy_mtl.heads.crf import CrfChain
from spacy_mtl.heads.forward_backward import Chain, Sums, exp_of, steps_of, sum_sequences
from spacy_mtl.heads.marginals import biluo_chain

both_kinds = pytest.mark.parametrize("kind", KINDS)


def make_chain(scores: numpy.ndarray, transitions: Optional[numpy.ndarray]) -> Chain:
    factors = exp_of(scores - scores.max(axis=1, keepdims=True))
    return biluo_chain(factors) if transitions is None else CrfChain(factors, exp_of(transitions))


def assert_same(found: Sums, expected: Sums) -> None:
    assert numpy.array_equal(found.ends, expected.ends)
    for key in ("scales", "closing", "forward"):
        assert getattr(found, key) == pytest.approx(getattr(expected, key), rel=1e-10, abs=1e-30)
    products = (each.forward * each.backward for each in (found, expected))
    assert next(products) == pytest.approx(next(products), abs=1e-11)


@both_kinds
@pytest.mark.parametrize("lengths", [[129], [3, 500, 0, 64, 128, 129, 1, 1000], [200] * 5])
def test_parts(kind: str, lengths: List[int]) -> None:
    rng = numpy.random.default_rng(0)
    chain = make_chain(rng.normal(size=(sum(lengths), 9)) * 3, draw_transitions(rng, kind))
    assert_same(sum_sequences(chain, lengths), sum_sequences(chain, lengths, split=False))


@both_kinds
def test_parts_that_forget_nothing(kind: str) -> None:
    """In the middle of an entity that goes on over many parts, its type is known from afar."""
    rng = numpy.random.default_rng(1)
    n_tokens = 700
    scores = numpy.full((n_tokens, 9), -numpy.inf)
    scores[:, 0], scores[:, [2, 6]] = -150.0, 0.0
    scores[[0, -1]] = rng.normal(size=(2, 9))
    transitions = draw_transitions(rng, kind)
    if transitions is not None:
        transitions[2, 2] = transitions[6, 6]
    chain = make_chain(scores, transitions)
    found = sum_sequences(chain, [n_tokens])
    assert_same(found, sum_sequences(chain, [n_tokens], split=False))
    inside = found.forward[350] * found.backward[350]
    assert 0.1 < inside.max() < 0.9


@both_kinds
def test_products_are_probabilities(kind: str) -> None:
    rng = numpy.random.default_rng(2)
    lengths = [5, 0, 300, 1]
    chain = make_chain(rng.normal(size=(sum(lengths), 9)), draw_transitions(rng, kind))
    sums = sum_sequences(chain, lengths)
    assert (sums.forward * sums.backward).sum(axis=1) == pytest.approx(numpy.ones(sum(lengths)))
    assert sums.forward.sum(axis=1) == pytest.approx(numpy.ones(sum(lengths)))
    assert sums.ends.tolist() == [304, 4, 305]


def test_steps() -> None:
    assert [each.tolist() for each in steps_of([1, 3, 0, 3])] == [[1, 4, 0], [2, 5], [3, 6]]
    assert steps_of([]) == steps_of([0]) == []
