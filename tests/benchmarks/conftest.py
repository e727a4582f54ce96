"""Makes the benchmarks importable: they are next to the package, not in it."""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Callable

import pytest
import spacy
from spacy.tokens import DocBin
from tiny_corpus import make_docs

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def benchmark_module(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a module of the benchmarks: benchmark_module("accuracy.runs")."""
    monkeypatch.syspath_prepend(ROOT)
    return lambda name: import_module(f"benchmarks.{name}")


@pytest.fixture
def tiny_corpus(benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file used for all splits of all corpora."""
    path = tmp_path / "tiny.spacy"
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(path)
    for module in ("accuracy.suites", "corpora.plans"):
        monkeypatch.setattr(benchmark_module(module), "convert_split", lambda *args: path)
    return path
