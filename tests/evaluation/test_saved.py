"""Counts are the same after saving."""

from pathlib import Path
from typing import Iterator

import numpy
import pytest
from evaluated import STYLE, examples_of
from several_heads import build
from spacy.tokens import Token

from spacy_mtl.evaluation.bootstrap import resample
from spacy_mtl.evaluation.counts import count_documents
from spacy_mtl.evaluation.saved import load_counts, save_counts


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    Token.set_extension(STYLE, default=None, force=True)
    yield
    Token.remove_extension(STYLE)


def test_saved_counts_give_the_same_scores(tmp_path: Path) -> None:
    nlp = build(ner=("mtl_ner", {}), multi=("mtl_textcat_multilabel", {}))
    examples = examples_of(nlp)
    nlp.initialize(lambda: examples)
    counts = count_documents(nlp, examples)
    path = tmp_path / "new" / "counts.npz"
    save_counts(path, counts)
    loaded = load_counts(path)
    assert (loaded.documents == counts.documents).all()
    assert list(loaded.tasks) == ["ner", "multi"]
    for name, task in counts.tasks.items():
        again = loaded.tasks[name]
        weights = resample(numpy.random.default_rng(0), 20, task.annotated)
        assert (again.annotated == task.annotated).all()
        assert again.weights == task.weights
        assert [part.labels for part in again.parts.values()] == [
            part.labels for part in task.parts.values()
        ]
        numpy.testing.assert_array_equal(again.scores(weights), task.scores(weights))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"{}"])
def test_damaged_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "counts.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a file of counts, or it is damaged"):
        load_counts(path)


def test_other_file_of_numpy(tmp_path: Path) -> None:
    path = tmp_path / "counts.npz"
    numpy.savez(path, other=numpy.zeros(2))
    with pytest.raises(ValueError, match="is not a file of counts"):
        load_counts(path)
