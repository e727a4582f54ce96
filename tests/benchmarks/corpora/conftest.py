"""Replaces all corpora of the benchmark by a tiny one."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin
from tiny_corpus import make_docs


@pytest.fixture
def tiny_corpus(benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file used for all splits of all tasks."""
    path = tmp_path / "tiny.spacy"
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(path)
    monkeypatch.setattr(benchmark_module("corpora.plans"), "convert_split", lambda *args: path)
    return path
