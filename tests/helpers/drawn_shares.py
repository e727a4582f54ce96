"""Draw four corpora by a schedule, and check their shares."""

from collections import Counter
from typing import Any, Dict, List

from scipy.stats import chisquare
from thinc.api import fix_random_seed

from spacy_mtl.corpus.sampler import Sampler
from spacy_mtl.registry import registry

SIZES = {"ewt": 2700, "wnut": 3400, "sst": 6900, "tiny": 90}

TASKS = {"ewt": ["tagger"], "wnut": ["ner"], "sst": ["sentiment"], "tiny": ["ner", "tagger"]}


def make_schedule(name: str, **settings: Any) -> Any:
    block = {"@mtl_schedules": f"spacy_mtl.{name}.v1", **settings}
    return registry.resolve({"schedule": block})["schedule"]


def sampler_of(name: str, **settings: Any) -> Sampler:
    fix_random_seed(0)
    return Sampler(make_schedule(name, **settings), SIZES, TASKS)


def draw(sampler: Sampler, n_batches: int = 10_000) -> List[str]:
    return [sampler.draw() for _ in range(n_batches)]


def assert_shares(drawn: List[str], shares: Dict[str, float]) -> None:
    """Check that the counts match the shares, within chance."""
    total = sum(shares.values())
    counts = Counter(drawn)
    assert set(counts) == {corpus for corpus, share in shares.items() if share}
    corpora = list(counts)
    expected = [len(drawn) * shares[corpus] / total for corpus in corpora]
    assert chisquare([counts[corpus] for corpus in corpora], expected).pvalue > 0.01
    # Make sure that the test can fail: it detects shares that are off by a tenth.
    if len(corpora) > 1:
        off = [share * (1.1 if i else 1.0) for i, share in enumerate(expected)]
        off = [share * len(drawn) / sum(off) for share in off]
        assert chisquare([counts[corpus] for corpus in corpora], off).pvalue < 0.05, (
            "too few batches: shares a tenth off would not be found out. Draw more"
        )


def assert_holds_in_mixed_batches(sampler: Sampler, shares: Dict[str, float]) -> None:
    """Check that each of 50 batches contains every corpus according to its share."""
    total = sum(shares.values())
    for _ in range(50):
        found = sampler.open_mixed()
        counts = Counter(sampler.draw_example(found) for _ in range(40))
        for corpus, share in shares.items():
            assert abs(counts[corpus] - 40 * share / total) <= 2


def powers(temperature: float) -> Dict[str, float]:
    """Compute sizes to the power of 1 / temperature."""
    return {corpus: size ** (1 / temperature) for corpus, size in SIZES.items()}
