"""Schedules: the shares of 10,000 drawn batches, and what dynamic ones react to."""

from collections import Counter
from typing import Any, Dict, Iterator, List

import pytest
from scipy.stats import chisquare
from thinc.api import fix_random_seed

from spacy_mtl.corpus.plain import as_schedule
from spacy_mtl.corpus.sampler import Sampler
from spacy_mtl.corpus.schedules import temperature, weighted
from spacy_mtl.registry import registry

# Shares of some of the corpora are what most tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:The schedule never draws")

SIZES = {"ewt": 2700, "wnut": 3400, "sst": 6900, "tiny": 90}
TASKS = {"ewt": ["tagger"], "wnut": ["ner"], "sst": ["sentiment"], "tiny": ["ner", "tagger"]}


def make(name: str, **settings: Any) -> Any:
    block = {"@mtl_schedules": f"spacy_mtl.{name}.v1", **settings}
    return registry.resolve({"schedule": block})["schedule"]


def sampler_of(name: str, **settings: Any) -> Sampler:
    fix_random_seed(0)
    return Sampler(make(name, **settings), SIZES, TASKS)


def draw(sampler: Sampler, n_batches: int = 10_000) -> List[str]:
    return [sampler.draw() for _ in range(n_batches)]


def assert_shares(drawn: List[str], shares: Dict[str, float]) -> None:
    """The counts are what the shares give, as far as chance goes."""
    total = sum(shares.values())
    counts = Counter(drawn)
    assert set(counts) == {corpus for corpus, share in shares.items() if share}
    corpora = list(counts)
    expected = [len(drawn) * shares[corpus] / total for corpus in corpora]
    assert chisquare([counts[corpus] for corpus in corpora], expected).pvalue > 0.01
    # The test could fail: shares a tenth off are found out.
    if len(corpora) > 1:
        off = [share * (1.1 if i else 1.0) for i, share in enumerate(expected)]
        off = [share * len(drawn) / sum(off) for share in off]
        assert chisquare([counts[corpus] for corpus in corpora], off).pvalue < 0.05


def powers(temperature: float) -> Dict[str, float]:
    return {corpus: size ** (1 / temperature) for corpus, size in SIZES.items()}


LAWS: Dict[str, Any] = {
    "Uniform": ({}, dict.fromkeys(SIZES, 1.0)),
    "Proportional": ({}, SIZES),
    "Temperature": ({"temperature": 5.0}, powers(5.0)),
    "Weighted": ({"shares": {"sst": 3, "ewt": 1}}, {"sst": 3, "ewt": 1, "wnut": 0, "tiny": 0}),
}


@pytest.mark.parametrize("name", LAWS)
def test_shares(name: str) -> None:
    settings, shares = LAWS[name]
    assert_shares(draw(sampler_of(name, **settings)), shares)


def test_round_robin() -> None:
    assert draw(sampler_of("RoundRobin"), 9) == [*SIZES, *SIZES, "ewt"]


def test_limits_of_the_temperature() -> None:
    proportional = sampler_of("Proportional").shares(False)
    assert sampler_of("Temperature").shares(False) == pytest.approx(proportional)
    assert sampler_of("Temperature", temperature=1e9).shares(False) == pytest.approx(
        sampler_of("Uniform").shares(False)
    )
    # Nothing but the largest, and no overflow.
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


def test_shares_with_a_schedule() -> None:
    """One corpus comes in half way."""
    shares = {"ewt": 1.0, "sst": (float(step >= 5000) for step in range(10_001))}
    sampler = Sampler(weighted.create_weighted(shares), SIZES, TASKS)
    fix_random_seed(0)
    drawn = draw(sampler)
    assert set(drawn[:5000]) == {"ewt"}
    assert_shares(drawn[5000:], {"ewt": 1, "sst": 1})


@pytest.mark.parametrize("name", LAWS)
def test_shares_hold_inside_mixed_batches(name: str) -> None:
    settings, shares = LAWS[name]
    sampler = sampler_of(name, **settings)
    total = sum(shares.values())
    for _ in range(50):
        found = sampler.open_mixed()
        counts = Counter(sampler.draw_example(found) for _ in range(40))
        for corpus, share in shares.items():
            assert abs(counts[corpus] - 40 * share / total) <= 2


def test_round_robin_in_mixed_batches() -> None:
    sampler = sampler_of("RoundRobin")
    found = sampler.open_mixed()
    assert Counter(sampler.draw_example(found) for _ in range(40)) == dict.fromkeys(SIZES, 10)


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
    # Two passes over 6,900 texts, ten a batch.
    assert set(drawn[100:1480]) == {"sst"}
    assert_shares(drawn[1480:], {"wnut": 3400, "tiny": 90, "sst": 6900})


def test_replay() -> None:
    """A share of what went before; the phase lasts as long as its own corpora need."""
    drawn = run_phases(0.2)
    assert set(drawn[:100]) == {"ewt", "tiny"}
    phase = drawn[100:]
    end = 1 + next(i for i, n in enumerate(_running(phase, "sst")) if n == 1380)
    counts = Counter(phase[:end])
    assert counts["sst"] == 1380
    assert (counts["ewt"] + counts["tiny"]) / end == pytest.approx(0.2, abs=0.03)
    last = Counter(phase[end:])
    # The tiny corpus has tasks of both: it is no replay.
    assert last["ewt"] / sum(last.values()) == pytest.approx(0.2, abs=0.04)


def _running(drawn: List[str], corpus: str) -> Iterator[int]:
    n = 0
    for name in drawn:
        n += name == corpus
        yield n


def test_by_loss() -> None:
    """What has lost nine tenths of its loss gets a tenth of the share."""
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
    # A loss of 0 is that of a batch without the task; one that grows is worse than the first.
    assert sampler.shares(False)["sst"] > sampler.shares(False)["wnut"]


def test_by_loss_leaves_something_to_all() -> None:
    sampler = sampler_of("ByLoss", decay=0.0, least=0.2)
    sampler.schedule.observe_losses({"tagger": 1.0})
    sampler.schedule.observe_losses({"tagger": 1e-9})
    shares = sampler.shares(False)
    assert shares["ewt"] == pytest.approx(0.2 * shares["sst"])


def test_by_score() -> None:
    """Stop-and-go: idle where nothing gets better, go where an idle task falls behind."""
    sampler = sampler_of("ByScore", patience=2, idle=0.25, boost=10.0)
    schedule = sampler.schedule

    def share_of_tags() -> float:
        shares = sampler.shares(False)
        return shares["ewt"] / shares["wnut"]

    for score in (0.5, 0.6, 0.6):
        schedule.observe_scores({"tagger": score, "ner": 0.1 + score})
    assert share_of_tags() == 1
    # For the second time no better: the task has converged. (ner gets better still.)
    schedule.observe_scores({"tagger": 0.6001, "ner": 0.8})
    assert share_of_tags() == 0.25
    # The corpus with both tasks goes as long as one of them does.
    assert sampler.shares(False)["tiny"] == sampler.shares(False)["wnut"]
    schedule.observe_scores({"tagger": 0.599, "ner": 0.9})
    assert share_of_tags() == 0.25
    # Forgotten by a tenth: it goes again, and gets twice a share.
    schedule.observe_scores({"tagger": 0.6001 * 0.9, "ner": 0.95})
    assert share_of_tags() == pytest.approx(2.0)
    schedule.observe_scores({"tagger": 0.61, "ner": 1.0})
    assert share_of_tags() == 1


@pytest.mark.parametrize("boost", [0.0, 10.0])
def test_by_score_overfitting(boost: float) -> None:
    """Worse while it is trained: it idles, and goes on idling far below its best."""
    sampler = sampler_of("ByScore", boost=boost)
    scores = [0.5, 0.49, 0.45, 0.45, 0.449, 0.451]
    for i, score in enumerate(scores):
        sampler.schedule.observe_scores({"tagger": score})
        if i >= 2:
            assert sampler.shares(False)["ewt"] == pytest.approx(
                0.25 * sampler.shares(False)["wnut"]
            )
    # Worse while it idles, it has been forgotten.
    sampler.schedule.observe_scores({"tagger": 0.44})
    assert sampler.shares(False)["ewt"] >= sampler.shares(False)["wnut"]


def test_by_score_with_all_at_rest() -> None:
    """With nothing for those that idle, and none that goes, all have the same."""
    sampler = sampler_of("ByScore", patience=1, idle=0.0)
    for _ in range(2):
        sampler.schedule.observe_scores({"tagger": 0.5, "ner": 0.5, "sentiment": 0.5})
    assert set(sampler.shares(False).values()) == {1 / len(SIZES)}


def test_bandit_without_a_score_of_its_target() -> None:
    schedule = sampler_of("Bandit", target="ner").schedule
    with pytest.raises(ValueError, match="score of 'ner', but .* scores of tagger only"):
        schedule.observe_scores({"tagger": 0.5})


@pytest.mark.parametrize(
    "name, settings",
    [("Weighted", {"shares": {"ewt": 1.0}}), ("Sequential", {"phases": [{"tasks": ["ner"]}]})],
)
def test_corpora_that_are_never_drawn(name: str, settings: Dict[str, Any]) -> None:
    with pytest.warns(UserWarning, match="never draws from .*'sst'"):
        sampler_of(name, **settings)


def test_corpora_that_have_changed() -> None:
    """A training cannot go on with them."""
    state = sampler_of("Uniform").get_state()
    sizes = {**SIZES, "ewt": 7}
    sampler = Sampler(make("Uniform"), sizes, TASKS)
    with pytest.raises(ValueError, match=f"texts of 'ewt' {SIZES['ewt']}, now 7"):
        sampler.replay(state)


def test_bandit_finds_what_helps() -> None:
    """One corpus helps the target, the others do not: it is drawn more and more."""
    sampler = sampler_of("Bandit", target="ner")
    score, drawn = 0.0, []
    sampler.schedule.observe_scores({"ner": score})
    for _ in range(300):
        arm = sampler.draw()
        # The same until the next evaluation.
        assert {sampler.draw() for _ in range(5)} == {arm}
        drawn.append(arm)
        score += 0.01 if arm == "ewt" else -0.001
        sampler.schedule.observe_scores({"ner": score, "tagger": 0.5})
    assert Counter(drawn[-200:])["ewt"] > 120
    # And when that helps no more, it looks elsewhere.
    for _ in range(300):
        arm = sampler.draw()
        drawn.append(arm)
        score += 0.01 if arm == "wnut" else -0.001
        sampler.schedule.observe_scores({"ner": score})
    assert Counter(drawn[-200:])["wnut"] > 120


@pytest.mark.parametrize("name", ["ByLoss", "ByScore", "Bandit", "Sequential", "Weighted"])
def test_state(name: str) -> None:
    """Interrupted and continued equals uninterrupted."""
    settings: Dict[str, Any] = {"Bandit": {"target": "ner"}, "Weighted": LAWS["Weighted"][0]}.get(
        name, {"phases": PHASES, "replay": 0.1} if name == "Sequential" else {}
    )

    def go_on(sampler: Sampler, n_steps: int) -> List[str]:
        drawn = []
        for step in range(n_steps):
            drawn.append(sampler.draw())
            sampler.note(drawn[-1], 100)
            if hasattr(sampler.schedule, "observe_losses"):
                sampler.schedule.observe_losses({"ner": 1.0 / (1 + step), "tagger": 1.0})
            if hasattr(sampler.schedule, "observe_scores"):
                sampler.schedule.observe_scores({"ner": step % 7, "tagger": 0.5})
        return drawn

    one = sampler_of(name, **settings)
    go_on(one, 150)
    state = one.get_state()
    fix_random_seed(1)
    expected = go_on(one, 100)
    other = sampler_of(name, **settings)
    other.set_state(state)
    fix_random_seed(1)
    assert go_on(other, 100) == expected


@pytest.mark.parametrize(
    "name, settings, message",
    [
        ("Temperature", {"temperature": 0.0}, "temperature .* is 0.0.*must be > 0"),
        ("Temperature", {"temperature": -1.0}, "temperature of the schedule is -1.0"),
        ("Weighted", {"shares": {"ewt": -1.0}}, "share of the corpus 'ewt' is -1.0"),
        ("Weighted", {"shares": {"ewt": 0.0}}, "All 'shares' of the schedule are 0"),
        ("Weighted", {"shares": {"ewtt": 1.0}}, "'shares' .* names 'ewtt', but the corpora are"),
        ("Sequential", {"phases": []}, "has no phases"),
        ("Sequential", {"phases": [{"tasks": ["ner"], "step": 3}]}, "Phase 0 of Sequential"),
        ("Sequential", {"phases": [{"tasks": ["ner"]}] * 2}, "Phase 0.*needs one of 'steps'"),
        ("Sequential", {"phases": [{"tasks": ["ner"], "steps": 0}]}, "length of 0"),
        ("Sequential", {"phases": [{"tasks": ["ner"], "steps": "9"}]}, "length of '9'"),
        ("Weighted", {"shares": {}}, "'shares' is empty"),
        ("Sequential", {"phases": [{"tasks": ["nre"]}]}, "phases.0.tasks.* names 'nre'"),
        ("Sequential", {"phases": [{"tasks": ["ner"]}], "replay": 1.0}, "'replay' of Sequential"),
        ("ByLoss", {"decay": 1.0}, "'decay' of ByLoss"),
        ("ByScore", {"idle": -0.5}, "'idle' of ByScore"),
        ("ByScore", {"patience": 0}, "'patience' of ByScore"),
        ("Bandit", {"target": "parser"}, "'target' .* names 'parser', but the tasks"),
    ],
)
def test_settings_out_of_range(name: str, settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sampler_of(name, **settings)


@pytest.mark.parametrize(
    "shares, message",
    [
        ({"nope": 1.0}, "gives a share to 'nope' at batch 0, but the corpora are ewt"),
        ({"ewt": -1.0}, "gives the corpus 'ewt' a share of -1.0"),
        ({"ewt": float("nan")}, "a share of nan"),
        ({"ewt": 0.0}, "gives all corpora a share of 0"),
        ({}, "gives all corpora a share of 0"),
        (None, "gives None at batch 0, but it must give a dict"),
    ],
)
def test_schedule_of_a_user_that_gives_something_else(
    shares: Dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Sampler(as_schedule(lambda progress: shares), SIZES, TASKS).draw()


@pytest.mark.parametrize("share", [1.7e308, 5e-324])
def test_shares_at_the_ends_of_what_a_number_can_be(share: float) -> None:
    """Shares are in any unit: their sum does not overflow."""
    sampler = sampler_of("Weighted", shares=dict.fromkeys(SIZES, share))
    assert sampler.shares(False) == pytest.approx(dict.fromkeys(SIZES, 0.25))
    assert sampler.draw() in SIZES
