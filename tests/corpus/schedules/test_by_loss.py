"""Larger shares for tasks that have learned less."""

from typing import Any, Dict

import pytest
from drawn_shares import SIZES, assert_shares, draw, sampler_of


def test_by_loss() -> None:
    """A task whose loss fell by nine tenths gets a tenth of the share."""
    sampler = sampler_of("ByLoss", decay=0.5, least=0.0)
    for _ in range(50):
        sampler.schedule.observe_losses({"tagger": 2.0})
        sampler.schedule.observe_losses({"ner": 0.5})
    assert sampler.shares(False) == pytest.approx(dict.fromkeys(SIZES, 0.25))
    for _ in range(50):
        sampler.schedule.observe_losses({"tagger": 0.2})
    expected = {"ewt": 0.1, "wnut": 1.0, "sst": 1.0, "tiny": 0.55}
    assert_shares(draw(sampler), expected)
    for _ in range(50):
        sampler.schedule.observe_losses({"sentiment": 1.0, "ner": 0.0})
        sampler.schedule.observe_losses({"sentiment": 3.0})
    # A loss of 0 means a batch without the task; a growing loss is worse than the first.
    assert sampler.shares(False)["sst"] > sampler.shares(False)["wnut"]


def test_by_loss_leaves_something_to_all() -> None:
    sampler = sampler_of("ByLoss", decay=0.0, least=0.2)
    sampler.schedule.observe_losses({"tagger": 1.0})
    sampler.schedule.observe_losses({"tagger": 1e-9})
    shares = sampler.shares(False)
    assert shares["ewt"] == pytest.approx(0.2 * shares["sst"])


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"decay": 1.0}, "'decay' of ByLoss"),
    ],
)
def test_settings_out_of_range(settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sampler_of("ByLoss", **settings)
