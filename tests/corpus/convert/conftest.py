from pathlib import Path
from typing import Any, Callable, List

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_mtl.corpus.convert import convert


def load(path: Path) -> List[Doc]:
    return list(DocBin().from_disk(path).get_docs(Vocab()))


@pytest.fixture
def convert_text(tmp_path: Path) -> Callable[..., List[Doc]]:
    """Write a text to a file, convert it, and load the result."""

    def convert_text(text: str, name: str, **options: Any) -> List[Doc]:
        source, target = tmp_path / name, tmp_path / "out" / "docs.spacy"
        source.write_bytes(text.encode("utf-8"))
        convert(source, target, **options)
        return load(target)

    return convert_text
