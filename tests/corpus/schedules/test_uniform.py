"""Every corpus with the same probability."""

from drawn_shares import SIZES, assert_holds_in_mixed_batches, assert_shares, draw, sampler_of


def test_shares() -> None:
    assert_shares(draw(sampler_of("Uniform")), dict.fromkeys(SIZES, 1.0))
    assert_holds_in_mixed_batches(sampler_of("Uniform"), dict.fromkeys(SIZES, 1.0))
