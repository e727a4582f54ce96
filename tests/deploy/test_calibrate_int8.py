"""Calibrating a pipeline that predicts in int8, by PyTorch and by OpenVINO."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from noisy_corpus import noisy_docs, noisy_examples, sure_pipeline
from spacy.tokens import DocBin
from tiny_pipelines import inner

from spacy_mtl.deploy.calibrate import calibrate
from spacy_mtl.deploy.quantize import quantize

pytest.importorskip("openvino")
pytestmark = pytest.mark.openvino

HEADS: Any = {"tagger": ("mtl_tagger", {}), "textcat": ("mtl_textcat", {})}


@pytest.fixture(scope="module")
def in_int8(encoder_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a trained pipeline whose encoder is in int8."""
    folder = tmp_path_factory.mktemp("int8")
    nlp = sure_pipeline(inner(encoder_dir), HEADS)
    nlp.to_disk(folder / "trained")
    DocBin(docs=noisy_docs(nlp, [1])).to_disk(folder / "dev.spacy")
    quantized = quantize(folder / "trained", folder / "dev.spacy", max_loss=100)
    quantized.nlp.to_disk(folder / "int8")
    return folder / "int8"


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_calibrated(engine: str, in_int8: Path, tmp_path: Path) -> None:
    nlp = spacy.load(in_int8, config={"components.mtl.model.tok2vec.engine": engine})
    texts = [doc.text for doc in noisy_docs(nlp, [1])]
    before = list(nlp.pipe(texts))
    found = calibrate(nlp, noisy_examples(nlp))
    assert set(found.heads) == set(HEADS)
    for head in found.heads.values():
        old, new = head.measures()
        assert new.ece < old.ece
    nlp.to_disk(tmp_path / "calibrated")
    for doc, same in zip(before, spacy.load(tmp_path / "calibrated").pipe(texts)):
        assert [token.tag_ for token in doc] == [token.tag_ for token in same]
        assert doc.cats.keys() == same.cats.keys()
        assert doc.cats != same.cats
