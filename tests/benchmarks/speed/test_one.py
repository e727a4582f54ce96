"""The measurements of one process."""

import argparse
from typing import Any

import pytest
import spacy


def test_texts_of_n_words(benchmark_module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = benchmark_module("speed.one")
    docs = [spacy.blank("en").make_doc("a b c d"), spacy.blank("en").make_doc("e f")]
    monkeypatch.setattr(one, "gold_docs", lambda *args: docs)
    given = argparse.Namespace(corpus="gum", limit=0, work=None, words=0, docs=1)
    assert one.texts_of(given) == ["a b c d", "e f"]
    for words, n_docs in ((3, 4), (20, 1)):
        texts = one.texts_of(argparse.Namespace(**{**vars(given), "words": words, "docs": n_docs}))
        assert [len(text.split()) for text in texts] == [words] * n_docs
    assert 300 < one.peak_memory() < 100_000
