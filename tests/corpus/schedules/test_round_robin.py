"""Corpora in turn."""

from collections import Counter

from drawn_shares import (
    SIZES,
    draw,
    sampler_of,
)


def test_round_robin() -> None:
    assert draw(sampler_of("RoundRobin"), 9) == [*SIZES, *SIZES, "ewt"]


def test_round_robin_in_mixed_batches() -> None:
    sampler = sampler_of("RoundRobin")
    found = sampler.open_mixed()
    assert Counter(sampler.draw_example(found) for _ in range(40)) == dict.fromkeys(SIZES, 10)
