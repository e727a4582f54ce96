"""Batches of one corpus each, or mixed, by the schedule."""

from collections import Counter
from pathlib import Path
from typing import Dict, Iterable

import pytest
import spacy
from scipy.stats import chisquare
from spacy.training import Example
from three_corpora import (
    SIZES,
    config_of,
    draw_batches,
)


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_batches_of_one_corpus(paths: Dict[str, Path], max_epochs: int) -> None:
    batches = draw_batches(config_of(paths, max_epochs), 300)
    for batch in batches:
        assert len({eg.corpus for eg in batch}) == 1
        assert len(batch) == 6
    counts = Counter(batch[0].corpus for batch in batches)
    assert all(70 < counts[name] < 130 for name in SIZES), counts
    # The small corpus repeats; in the large one, no text repeats before all have been drawn.
    texts = [eg.reference.text for batch in batches for eg in batch if eg.corpus == "tags"]
    assert len(set(texts[:150])) == 150 if max_epochs == 0 else len(set(texts[:150])) > 50


@pytest.mark.parametrize("max_epochs, n_batches", [(0, 10_000), (-1, 1_000)])
def test_shares_of_batches(paths: Dict[str, Path], max_epochs: int, n_batches: int) -> None:
    """They match the schedule, even after reader and batcher."""
    shares = {"tags": 1.0, "names": 3.0, "topics": 2.0}
    schedule = {"@mtl_schedules": "spacy_mtl.Weighted.v1", "shares": shares}
    config = config_of(paths, max_epochs, schedule=schedule)
    config["training"]["batcher"]["batcher"]["size"] = 2
    counts = Counter(batch[0].corpus for batch in draw_batches(config, n_batches))
    expected = [n_batches * share / 6.0 for share in shares.values()]
    assert chisquare([counts[name] for name in shares], expected).pvalue > 0.01


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_mixed_batches(paths: Dict[str, Path], max_epochs: int) -> None:
    for batch in draw_batches(config_of(paths, max_epochs, mixed=True), 100):
        counts = Counter(eg.corpus for eg in batch)
        assert all(1 <= counts[name] <= 3 for name in SIZES), counts


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_no_batch_has_a_text_twice(paths: Dict[str, Path], max_epochs: int) -> None:
    """Not even for a small corpus, when a large buffer is searched for texts of similar length."""
    config = config_of(paths, max_epochs)
    padded = {"@batchers": "spacy.batch_by_padded.v1", "size": 60, "buffer": 256}
    config["training"]["batcher"]["batcher"] = {**padded, "discard_oversize": False}
    for batch in draw_batches(config, 100):
        assert len({eg.reference.text for eg in batch}) == len(batch) > 1


@pytest.mark.parametrize("max_epochs", [0, -1])
@pytest.mark.parametrize("mixed", [False, True])
def test_batcher_that_skips_every_text(
    paths: Dict[str, Path], max_epochs: int, mixed: bool
) -> None:
    config = config_of(paths, max_epochs, mixed)
    words = {"@batchers": "spacy.batch_by_words.v1", "size": 3, "tolerance": 0.2}
    config["training"]["batcher"]["batcher"] = {**words, "discard_oversize": True}
    what = "the corpora" if mixed else "the corpus '(tags|names|topics)'"
    with pytest.raises(ValueError, match=f"no batch of {what}.*discard_oversize = false"):
        draw_batches(config, 1)


def test_batcher_without_a_schedule(paths: Dict[str, Path]) -> None:
    config = config_of(paths, 0, schedule=None)
    with pytest.raises(ValueError, match="CorpusBatcher.v1 draws.*corpora.train.schedule"):
        draw_batches(config, 1)


def test_batcher_of_plain_examples() -> None:
    from spacy_mtl.corpus.batcher import CorpusBatcher

    nlp = spacy.blank("en")
    examples: Iterable[Example] = [Example(nlp("a"), nlp("a"))]
    with pytest.raises(ValueError, match='@readers = "spacy_mtl.MultiCorpus.v1"'):
        next(iter(CorpusBatcher(lambda egs: [list(egs)])(examples)))
