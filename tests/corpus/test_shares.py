"""Valid and invalid shares of a schedule."""

from typing import Dict

import pytest
from drawn_shares import SIZES, TASKS, sampler_of

from spacy_mtl.corpus.sampler import Sampler
from spacy_mtl.plain import as_schedule


@pytest.mark.parametrize(
    "shares, message",
    [
        ({"nope": 1.0}, "gives a share to 'nope' at batch 0, but the corpora are ewt"),
        ({"ewt": -1.0}, "gives the corpus 'ewt' a share of -1.0"),
        ({"ewt": float("nan")}, "a share of nan"),
        ({"ewt": 0.0}, "gives all corpora a share of 0"),
        ({}, "gives all corpora a share of 0"),
        (None, "returned None at batch 0, but must return a dict"),
    ],
)
def test_custom_schedule_with_invalid_shares(shares: Dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sampler(as_schedule(lambda progress: shares), SIZES, TASKS).draw()


@pytest.mark.parametrize("share", [1.7e308, 5e-324])
def test_shares_at_the_limits_of_floats(share: float) -> None:
    """Shares are in any unit: their sum does not overflow."""
    sampler = sampler_of("Weighted", shares=dict.fromkeys(SIZES, share))
    assert sampler.shares(False) == pytest.approx(dict.fromkeys(SIZES, 0.25))
    assert sampler.draw() in SIZES
