"""Four corpora that a schedule draws from, and whether it draws them as it should."""

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
        assert chisquare([counts[corpus] for corpus in corpora], off).pvalue < 0.05, (
            "too few batches: shares a tenth off would not be found out. Draw more"
        )


def assert_holds_in_mixed_batches(sampler: Sampler, shares: Dict[str, float]) -> None:
    """Each of 50 batches has of each corpus what its share gives."""
    total = sum(shares.values())
    for _ in range(50):
        found = sampler.open_mixed()
        counts = Counter(sampler.draw_example(found) for _ in range(40))
        for corpus, share in shares.items():
            assert abs(counts[corpus] - 40 * share / total) <= 2


def powers(temperature: float) -> Dict[str, float]:
    """Sizes to the power of 1 / temperature."""
    return {corpus: size ** (1 / temperature) for corpus, size in SIZES.items()}
