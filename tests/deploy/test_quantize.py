"""Quantizing a pipeline without OpenVINO."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from tiny_corpus import make_examples
from tiny_pipelines import add_joint, inner

from spacy_mtl.deploy import quantize as module
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


@dataclass
class Layers:
    """Four layers, of which two may be left out, with the mean cosines to find."""

    cosines: Dict[int, float]
    n_layers: int = 4

    def sizes(self) -> List[int]:
        return [0, 1, 2]

    def leave_out(self, n: int) -> float:
        return self.cosines[n]

    def left_out(self) -> List[str]:
        return []


@pytest.mark.parametrize(
    "cosines, measured",
    [
        ([0.9995, 0.9997, 0.9999], [0]),
        ([0.9985, 0.9995, 0.9999], [1]),
        ([0.9981, 0.9982, 0.9983], [2]),
        ([0.9950, 0.9960, 0.9970], None),
    ],
)
def test_close_vectors_or_half_of_the_layers(
    cosines: List[float],
    measured: Optional[List[int]],
    nlp: Language,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for place in ("openvino", "engine"):
        monkeypatch.setattr(f"spacy_mtl.encoder.{place}.is_installed", lambda: True)
    layers = Layers(dict(enumerate(cosines)))
    monkeypatch.setattr(module, "_calibrate", lambda *args: layers)
    given = tmp_path / "pipeline", tmp_path / "dev.spacy"
    if measured is None:
        with pytest.raises(QuantizationError, match="mean cosine of 0.9970 .* at least 0.998"):
            quantize(*given)
    else:
        tried = quantize(*given, max_loss=100).tried
        assert [attempt.n_left_out for attempt in tried if attempt.scores] == measured
