"""Texts of several kinds."""

from typing import List

import pytest
import spacy
from helpers.inner_encoders import TEXTS
from spacy.language import Language
from spacy.tokens import Doc


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def docs(nlp: Language) -> List[Doc]:
    return [nlp.make_doc(text) for text in TEXTS]
