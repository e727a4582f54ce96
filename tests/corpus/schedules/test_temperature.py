"""By size, with a sampling temperature that may change."""

from typing import Any, Dict, Iterator

import pytest
from drawn_shares import (
    SIZES,
    TASKS,
    assert_holds_in_mixed_batches,
    assert_shares,
    draw,
    powers,
    sampler_of,
)
from thinc.api import fix_random_seed

from spacy_mtl.corpus.sampler import Sampler
from spacy_mtl.corpus.schedules import temperature


def test_shares_of_proportional() -> None:
    assert_shares(draw(sampler_of("Proportional")), SIZES)
    assert_holds_in_mixed_batches(sampler_of("Proportional"), SIZES)


def test_shares() -> None:
    assert_shares(draw(sampler_of("Temperature", temperature=5.0)), powers(5.0))
    assert_holds_in_mixed_batches(sampler_of("Temperature", temperature=5.0), powers(5.0))


def test_limits_of_the_temperature() -> None:
    proportional = sampler_of("Proportional").shares(False)
    assert sampler_of("Temperature").shares(False) == pytest.approx(proportional)
    assert sampler_of("Temperature", temperature=1e9).shares(False) == pytest.approx(
        sampler_of("Uniform").shares(False)
    )
    # Only the largest, without overflow.
    assert sampler_of("Temperature", temperature=1e-5).shares(False) == {"sst": 1.0}


def test_annealed_follows_its_schedule() -> None:
    rates = {
        "@schedules": "warmup_linear.v1",
        "initial_rate": 5.0,
        "warmup_steps": 5000,
        "total_steps": 10**9,
    }

    def falling() -> Iterator[float]:
        yield from (1.0 + 4.0 * min(1.0, step / 5000) for step in range(10_001))

    sampler = Sampler(temperature.create_annealed(falling()), SIZES, TASKS)
    fix_random_seed(0)
    drawn = draw(sampler)
    expected = dict.fromkeys(SIZES, 0.0)
    for step in range(10_000):
        shares = powers(1.0 + 4.0 * min(1.0, step / 5000))
        total = sum(shares.values())
        for corpus, share in shares.items():
            expected[corpus] += share / total
    assert_shares(drawn, expected)
    # From a config, as a thinc schedule.
    with pytest.raises(ValueError, match="temperature of the schedule is 0 at batch 0"):
        sampler_of("Annealed", temperature=rates).draw()


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"temperature": 0.0}, "temperature .* is 0.0.*must be > 0"),
        ({"temperature": -1.0}, "temperature of the schedule is -1.0"),
    ],
)
def test_settings_out_of_range(settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sampler_of("Temperature", **settings)
