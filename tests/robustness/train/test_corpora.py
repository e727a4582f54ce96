"""Find the corpus that made a training fail."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from tiny_corpus import make_docs

from spacy_mtl.train.corpora import explained_corpora


def test_unused_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It isn't reported as the cause, but the original error is."""
    monkeypatch.chdir(tmp_path)
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk("corpus.spacy")
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
