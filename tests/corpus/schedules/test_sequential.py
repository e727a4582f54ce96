"""Training in phases."""

from collections import Counter
from typing import Any, Dict, Iterator, List

import pytest
from drawn_shares import (
    assert_shares,
    sampler_of,
)

# These tests are about shares of some of the corpora.
pytestmark = pytest.mark.filterwarnings("ignore:The schedule never draws")


PHASES = [
    {"tasks": ["tagger"], "steps": 100},
    {"tasks": ["sentiment"], "epochs": 2},
    {"tasks": ["ner", "sentiment"]},
]


def run_phases(replay: float) -> List[str]:
    sampler = sampler_of("Sequential", phases=PHASES, replay=replay)
    drawn = []
    for _ in range(3000):
        drawn.append(sampler.draw())
        sampler.note(drawn[-1], 10)
    return drawn


def test_phases() -> None:
    drawn = run_phases(0.0)
    assert set(drawn[:100]) == {"ewt", "tiny"}
    # Two passes over 6,900 texts, ten per batch.
    assert set(drawn[100:1480]) == {"sst"}
    assert_shares(drawn[1480:], {"wnut": 3400, "tiny": 90, "sst": 6900})


def test_replay() -> None:
    """Earlier phases get a share; the length of a phase depends on its own corpora."""
    drawn = run_phases(0.2)
    assert set(drawn[:100]) == {"ewt", "tiny"}
    phase = drawn[100:]
    end = 1 + next(i for i, n in enumerate(_running(phase, "sst")) if n == 1380)
    counts = Counter(phase[:end])
    assert counts["sst"] == 1380
    assert (counts["ewt"] + counts["tiny"]) / end == pytest.approx(0.2, abs=0.03)
    last = Counter(phase[end:])
    # The tiny corpus has tasks of both phases, so it isn't replayed.
    assert last["ewt"] / sum(last.values()) == pytest.approx(0.2, abs=0.04)


def test_corpora_that_are_never_drawn() -> None:
    with pytest.warns(UserWarning, match="never draws from .*'sst'"):
        sampler_of("Sequential", phases=[{"tasks": ["ner"]}])


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"phases": []}, "has no phases"),
        ({"phases": [{"tasks": ["ner"], "step": 3}]}, "Phase 0 of Sequential"),
        ({"phases": [{"tasks": ["ner"]}] * 2}, "Phase 0.*needs one of 'steps'"),
        ({"phases": [{"tasks": ["ner"], "steps": 0}]}, "length of 0"),
        ({"phases": [{"tasks": ["ner"], "steps": "9"}]}, "length of '9'"),
        ({"phases": [{"tasks": ["nre"]}]}, "phases.0.tasks.* names 'nre'"),
        ({"phases": [{"tasks": ["ner"]}], "replay": 1.0}, "'replay' of Sequential"),
    ],
)
def test_settings_out_of_range(settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sampler_of("Sequential", **settings)


def _running(drawn: List[str], corpus: str) -> Iterator[int]:
    n = 0
    for name in drawn:
        n += name == corpus
        yield n
