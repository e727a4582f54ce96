"""Dynamic stop-and-go."""

from typing import Any, Dict

import pytest
from drawn_shares import SIZES, sampler_of


def test_by_score() -> None:
    """Tasks without improvement idle; an idle task that falls behind goes again."""
    sampler = sampler_of("ByScore", patience=2, idle=0.25, boost=10.0)
    schedule = sampler.schedule

    def share_of_tags() -> float:
        shares = sampler.shares(False)
        return shares["ewt"] / shares["wnut"]

    for score in (0.5, 0.6, 0.6):
        schedule.observe_scores({"tagger": score, "ner": 0.1 + score})
    assert share_of_tags() == 1
    # No improvement for the second time: the task has converged. (ner still improves.)
    schedule.observe_scores({"tagger": 0.6001, "ner": 0.8})
    assert share_of_tags() == 0.25
    # The corpus with both tasks goes as long as one of them does.
    assert sampler.shares(False)["tiny"] == sampler.shares(False)["wnut"]
    schedule.observe_scores({"tagger": 0.599, "ner": 0.9})
    assert share_of_tags() == 0.25
    # It has forgotten a tenth, so it goes again with twice the share.
    schedule.observe_scores({"tagger": 0.6001 * 0.9, "ner": 0.95})
    assert share_of_tags() == pytest.approx(2.0)
    schedule.observe_scores({"tagger": 0.61, "ner": 1.0})
    assert share_of_tags() == 1


@pytest.mark.parametrize("boost", [0.0, 10.0])
def test_by_score_overfitting(boost: float) -> None:
    """If it gets worse while training, it idles, and keeps idling far below its best."""
    sampler = sampler_of("ByScore", boost=boost)
    scores = [0.5, 0.49, 0.45, 0.45, 0.449, 0.451]
    for i, score in enumerate(scores):
        sampler.schedule.observe_scores({"tagger": score})
        if i >= 2:
            assert sampler.shares(False)["ewt"] == pytest.approx(
                0.25 * sampler.shares(False)["wnut"]
            )
    # If it gets worse while idle, it has been forgotten.
    sampler.schedule.observe_scores({"tagger": 0.44})
    assert sampler.shares(False)["ewt"] >= sampler.shares(False)["wnut"]


def test_by_score_with_all_idle() -> None:
    """If idle tasks get nothing and all are idle, the shares are equal."""
    sampler = sampler_of("ByScore", patience=1, idle=0.0)
    for _ in range(2):
        sampler.schedule.observe_scores({"tagger": 0.5, "ner": 0.5, "sentiment": 0.5})
    assert set(sampler.shares(False).values()) == {1 / len(SIZES)}


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"idle": -0.5}, "'idle' of ByScore"),
        ({"patience": 0}, "'patience' of ByScore"),
    ],
)
def test_settings_out_of_range(settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sampler_of("ByScore", **settings)
