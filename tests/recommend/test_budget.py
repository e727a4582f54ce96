"""How long to train: as long as was measured on corpora of that size."""

from pathlib import Path
from typing import Any, List, Tuple

import pytest

from spacy_mtl.recommend.budget import Budget, choose_budget
from spacy_mtl.recommend.survey import Facts
from spacy_mtl.recommend.wishes import Wishes
from spacy_mtl.report.corpora import CorpusCounts


def facts(n_texts: int, n_words: int, n_dev_words: int = 1000, name: str = "x") -> Facts:
    found = Facts(name, Path("train.spacy"), Path("dev.spacy"))
    found.counts = CorpusCounts(n_texts=n_texts, n_tokens=n_words)
    found.dev_counts = CorpusCounts(n_texts=n_texts, n_tokens=n_dev_words)
    return found


def budget(*corpora: Facts, optimize: str = "accuracy") -> Budget:
    return choose_budget(Wishes(optimize=optimize), corpora, is_pretrained=True)


#: By suite of benchmarks.accuracy: texts, words, and the words per step and passes it trains with.
MEASURED: List[Tuple[Any, int, int]] = [
    ([(2117, 177_410)], 400, 2),
    ([(327, 27_400)], 150, 5),
    ([(3997, 98_616)], 300, 3),
    ([(13_084, 117_700)], 300, 3),
    ([(3000, 27_000)], 300, 5),
    ([(2723, 204_577), (3394, 62_730), (6920, 138_356)], 600, 2),
]


@pytest.mark.parametrize(("sizes", "batch", "passes"), MEASURED)
def test_efficiency_is_what_was_measured(sizes: Any, batch: int, passes: int) -> None:
    n_words = sum(words for _, words in sizes)
    found = budget(*(facts(*size) for size in sizes), optimize="efficiency")
    assert found.batch == batch
    assert found.steps == passes * -(-n_words // batch)
    assert f"{passes} passes" in found.why_steps
    assert found.warmup == found.steps // 10


@pytest.mark.parametrize(("sizes", "batch", "passes"), MEASURED)
def test_accuracy_takes_longer(sizes: Any, batch: int, passes: int) -> None:
    corpora = [facts(*size) for size in sizes]
    found = budget(*corpora)
    assert found.batch == batch
    shorter = budget(*corpora, optimize="efficiency")
    assert shorter.steps < found.steps < 2500


def test_why() -> None:
    found = budget(facts(3997, 98_616), optimize="efficiency")
    assert found.why_steps.startswith(
        "3,997 texts of 25 words: 987 steps of 300 tokens are 3 passes."
    )
    sentences = facts(3997, 98_616)
    sentences.n_sentences = 3997
    assert budget(sentences).why_steps.startswith("3,997 sentences of 25 words: ")


def test_huge_corpora_and_long_texts() -> None:
    found = budget(facts(100_000, 5_000_000), optimize="efficiency")
    assert "1 pass." in found.why_steps
    found = budget(facts(100, 100_000))
    assert found.batch == 2000
    assert "such long ones were not measured" in found.why_batch


@pytest.mark.parametrize(("n_dev_words", "times"), [(1000, 10), (50_000, 5), (1_000_000, 3)])
def test_evaluations(n_dev_words: int, times: int) -> None:
    """Together they read at most half as much as training, but there are three at least."""
    found = budget(facts(13_084, 117_700, n_dev_words))
    assert -(-found.steps // found.eval_frequency) == times
    # Training also evaluates before the first step.
    n = len(range(0, found.steps + 1, found.eval_frequency))
    assert found.why_evaluations.startswith(f"{n} evaluations of {n_dev_words:,} words")


def test_tiny_corpora() -> None:
    found = budget(facts(1, 3, 1))
    assert (found.steps, found.warmup, found.eval_frequency) == (6, 1, 1)


def test_small_network() -> None:
    wishes = Wishes(optimize="efficiency")
    found = choose_budget(wishes, [facts(1600, 32_000)], is_pretrained=False)
    assert (found.batch, found.steps) == (32, 600)
    assert found.why_steps == "1,600 texts: 600 steps of 32 are 12 passes."
