"""A bandit that looks for corpora that help one task."""

from collections import Counter
from typing import Any, Dict

import pytest
from drawn_shares import (
    sampler_of,
)


def test_bandit_finds_what_helps() -> None:
    """The only corpus that helps the target is drawn more and more."""
    sampler = sampler_of("Bandit", target="ner")
    score, drawn = 0.0, []
    sampler.schedule.observe_scores({"ner": score})
    for _ in range(300):
        arm = sampler.draw()
        # It stays the same until the next evaluation.
        assert {sampler.draw() for _ in range(5)} == {arm}
        drawn.append(arm)
        score += 0.01 if arm == "ewt" else -0.001
        sampler.schedule.observe_scores({"ner": score, "tagger": 0.5})
    assert Counter(drawn[-200:])["ewt"] > 120
    # Once that corpus stops helping, the bandit looks elsewhere.
    for _ in range(300):
        arm = sampler.draw()
        drawn.append(arm)
        score += 0.01 if arm == "wnut" else -0.001
        sampler.schedule.observe_scores({"ner": score})
    assert Counter(drawn[-200:])["wnut"] > 120


def test_bandit_without_a_score_of_its_target() -> None:
    schedule = sampler_of("Bandit", target="ner").schedule
    with pytest.raises(ValueError, match=r"score of 'ner', but .* scores of tagger\."):
        schedule.observe_scores({"tagger": 0.5})


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"target": "parser"}, "'target' .* names 'parser', but the tasks"),
    ],
)
def test_settings_out_of_range(settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sampler_of("Bandit", **settings)
