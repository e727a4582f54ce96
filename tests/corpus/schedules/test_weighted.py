"""Given shares, which may change."""

from typing import Any, Dict

import pytest
from drawn_shares import (
    SIZES,
    TASKS,
    assert_holds_in_mixed_batches,
    assert_shares,
    draw,
    sampler_of,
)
from thinc.api import fix_random_seed

from spacy_mtl.corpus.sampler import Sampler
from spacy_mtl.corpus.schedules import weighted

# These tests are about shares of some of the corpora.
pytestmark = pytest.mark.filterwarnings("ignore:The schedule never draws")


SHARES = {"sst": 3, "ewt": 1, "wnut": 0, "tiny": 0}


def test_shares() -> None:
    settings = {"shares": {"sst": 3, "ewt": 1}}
    assert_shares(draw(sampler_of("Weighted", **settings)), SHARES)
    assert_holds_in_mixed_batches(sampler_of("Weighted", **settings), SHARES)


def test_shares_with_a_schedule() -> None:
    """One corpus joins halfway."""
    shares = {"ewt": 1.0, "sst": (float(step >= 5000) for step in range(10_001))}
    sampler = Sampler(weighted.create_weighted(shares), SIZES, TASKS)
    fix_random_seed(0)
    drawn = draw(sampler)
    assert set(drawn[:5000]) == {"ewt"}
    assert_shares(drawn[5000:], {"ewt": 1, "sst": 1})


def test_corpora_that_are_never_drawn() -> None:
    with pytest.warns(UserWarning, match="never draws from .*'sst'"):
        sampler_of("Weighted", shares={"ewt": 1.0})


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"shares": {"ewt": -1.0}}, "share of the corpus 'ewt' is -1.0"),
        ({"shares": {"ewt": 0.0}}, "All 'shares' of the schedule are 0"),
        ({"shares": {"ewtt": 1.0}}, "'shares' .* names 'ewtt', but the corpora are"),
        ({"shares": {}}, "'shares' is empty"),
    ],
)
def test_settings_out_of_range(settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sampler_of("Weighted", **settings)
