"""Pipelines that the first version has saved are loaded, and predict what they did.

The archive was made by the code before the rooms of the joint step moved: tiny random encoders
inside `mtl` (with a CRF and learned weights) and as the stock `transformer`, briefly trained.
"""

import json
import zipfile
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from spacy.language import Language
from tiny_corpus import make_examples

ARCHIVE = Path(__file__).parent / "recordings" / "pipelines.zip"
KINDS = ["inside", "stock"]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(folder)
    return folder


def said(nlp: Language, texts: List[str]) -> List[Dict[str, Any]]:
    return [
        {
            "text": doc.text,
            "tags": [token.tag_ for token in doc],
            "ents": [[e.start_char, e.end_char, e.label_] for e in doc.ents],
            "cats": {label: pytest.approx(p, abs=1e-4) for label, p in doc.cats.items()},
        }
        for doc in nlp.pipe(texts)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_it_predicts_what_it_did(kind: str, old: Path, tmp_path: Path) -> None:
    """Also after it is saved anew."""
    expected = json.loads((old / "said.json").read_text())[kind]
    assert any(each["ents"] for each in expected)
    nlp = spacy.load(old / kind)
    texts = [each["text"] for each in expected]
    assert said(nlp, texts) == expected
    nlp.to_disk(tmp_path)
    assert said(spacy.load(tmp_path), texts) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_on(kind: str, old: Path) -> None:
    nlp = spacy.load(old / kind)
    optimizer = nlp.resume_training()
    examples = make_examples(nlp)
    losses = [nlp.update(examples, sgd=optimizer) for _ in range(5)]
    names = [name for name in nlp.pipe_names if name.startswith(("tagger", "ner", "textcat"))]
    assert sum(losses[-1][name] for name in names) < sum(losses[0][name] for name in names)
