"""Quantizing a pipeline without OpenVINO."""

from pathlib import Path

import pytest
import spacy
from tiny_corpus import make_examples
from tiny_pipelines import add_joint, inner

from spacy_mtl.deploy.quantize import Attempt, QuantizationError, TaskScore, quantize


def test_without_the_extra(
    encoder_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    nlp.add_pipe("mtl_tagger")
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path)
    monkeypatch.setattr("spacy_mtl.encoder.openvino.is_installed", lambda: False)
    with pytest.raises(QuantizationError, match=r"pip install 'spacy-mtl\[openvino\]'"):
        quantize(tmp_path, tmp_path / "dev.spacy")


def test_the_worst_task() -> None:
    scores = [TaskScore("a", "a_f", 0.5, 0.6), TaskScore("b", "b_f", 0.5, 0.49)]
    assert Attempt(0, 1.0, scores, 1.0).worst is scores[1]
    assert scores[1].lost == pytest.approx(1.0)
    assert Attempt(0, 0.9, [], 0.0).worst is None
