"""A blank pipeline for each test."""

import pytest
import spacy
from spacy.language import Language


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")
