"""Quantizing a pipeline without OpenVINO."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from tiny_corpus import make_examples
from tiny_pipelines import add_joint, inner

from spacy_mtl.deploy.quantize import Attempt, QuantizationError, TaskScore, quantize
from spacy_mtl.encoder.openvino import NotConvertibleError


@pytest.fixture
def nlp(encoder_dir: str, tmp_path: Path) -> Language:
    """A pipeline, saved in "pipeline", and a corpus in "dev.spacy"."""
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    nlp.add_pipe("mtl_tagger")
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    DocBin(docs=[eg.reference for eg in make_examples(nlp)]).to_disk(tmp_path / "dev.spacy")
    return nlp


def test_without_the_extra(nlp: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_mtl.encoder.openvino.is_installed", lambda: False)
    with pytest.raises(QuantizationError, match=r"pip install 'spacy-mtl\[openvino\]'"):
        quantize(tmp_path / "pipeline", tmp_path / "dev.spacy")


def test_an_encoder_that_does_not_convert(
    nlp: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> Any:
        raise NotConvertibleError("no such operation")

    monkeypatch.setattr("spacy_mtl.encoder.openvino.is_installed", lambda: True)
    monkeypatch.setattr("spacy_mtl.encoder.engine.is_installed", lambda: True)
    monkeypatch.setattr("spacy_mtl.encoder.engine.openvino_network", fail)
    with pytest.raises(QuantizationError, match=r"can't compute the encoder .* no such operation"):
        quantize(tmp_path / "pipeline", tmp_path / "dev.spacy")


def test_the_worst_task() -> None:
    scores = [TaskScore("a", "a_f", 0.5, 0.6), TaskScore("b", "b_f", 0.5, 0.49)]
    assert Attempt(0, 1.0, scores, 1.0).worst is scores[1]
    assert scores[1].lost == pytest.approx(1.0)
    assert Attempt(0, 0.9, [], 0.0).worst is None
