"""Corpora on disk."""

from pathlib import Path
from typing import Dict

import pytest
import spacy
from spacy.tokens import DocBin
from three_corpora import SIZES, make_doc


@pytest.fixture
def paths(tmp_path: Path) -> Dict[str, Path]:
    """One corpus per task. All texts have all annotation; declared tasks make the difference."""
    nlp = spacy.blank("en")
    found = {}
    for name, size in SIZES.items():
        found[name] = tmp_path / f"{name}.spacy"
        docs = [make_doc(nlp, i) for i in range(size)]
        DocBin(docs=docs, store_user_data=True).to_disk(found[name])
    return found
