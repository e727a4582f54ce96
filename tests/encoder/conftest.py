"""Texts of several kinds, a tokenizer, and encoders."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from architectures import ARCHITECTURES, N_LAYERS
from helpers.inner_encoders import TEXTS
from random_encoders import save
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


@pytest.fixture(scope="session")
def folder_of(encoder_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function that makes an encoder of an architecture, once, and returns its folder."""
    made: Dict[str, str] = {}

    def find(kind: str, **settings: Any) -> str:
        if kind not in made:
            path: Path = tmp_path_factory.mktemp("kind")
            given = {"num_hidden_layers": N_LAYERS, **ARCHITECTURES.get(kind, {}), **settings}
            made[kind] = str(save(kind, encoder_dir, path, **given))
        return made[kind]

    return find
