"""Texts of several kinds, and a tokenizer."""

from pathlib import Path
from typing import Any, List

import pytest
import spacy
from helpers.inner_encoders import TEXTS
from spacy.language import Language
from spacy.tokens import Doc
from transformers import PreTrainedTokenizerFast


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def docs(nlp: Language) -> List[Doc]:
    return [nlp.make_doc(text) for text in TEXTS]


@pytest.fixture
def byte_pairs(tmp_path: Path) -> Any:
    """Train a byte-level tokenizer like RoBERTa's: one letter may be several pieces."""
    from tokenizers import ByteLevelBPETokenizer

    trained = ByteLevelBPETokenizer(trim_offsets=True)
    trained.train_from_iterator(["Anna books a room", "a room in Berlin"] * 3, vocab_size=270)
    trained.save(str(tmp_path / "tokenizer.json"))
    return PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "tokenizer.json"))
