"""A pipeline with one head of each kind."""

import pytest
from four_heads import build
from spacy.language import Language


@pytest.fixture(scope="session")
def nlp() -> Language:
    return build()
