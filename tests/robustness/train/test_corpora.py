"""Which corpus is to blame where a training fails."""

from pathlib import Path

import pytest

from spacy_mtl.train.corpora import explained_corpora


def test_a_corpus_that_nobody_reads(here: Path) -> None:
    """It is not to blame; what failed is said."""
    config = {
        "corpora": {"train": {"path": "corpus.spacy"}, "pretrain": {"path": "x.jsonl"}},
        "training": {"train_corpus": "corpora.train", "dev_corpus": "corpora.train"},
    }
    text = "the encoder is not there"
    with pytest.raises(ValueError, match=text) as caught, explained_corpora(config):
        raise ValueError(text)
    assert "pretrain" not in str(caught.value)
    config["corpora"]["train"]["path"] = "x.spacy"
    told = f"train. is missing.*It failed with ValueError: {text}"
    with pytest.raises(ValueError, match=told), explained_corpora(config):
        raise ValueError(text)
