"""Calibrations of heads: their numbers, what they change, and how they are saved."""

import json
import math
from pathlib import Path
from typing import Any, Dict

import numpy
import pytest
import spacy
from one_head import make_head
from saved_heads import cfg
from tiny_corpus import make_examples
from tiny_pipelines import CRF

from spacy_mtl.heads.calibration import Calibration
from spacy_mtl.losses import softmax

TEXT = "Anna lives in Berlin ."


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"temperature": math.nan},
        {"temperature": True},
        {"slope": 0.0},
        {"slope": math.inf},
        {"offset": math.nan},
        {"offset": "1"},
    ],
)
def test_numbers_that_it_cannot_have(settings: Dict[str, Any]) -> None:
    (key,) = settings
    with pytest.raises(ValueError, match=f"'{key}' of a calibration is .*Calibrate the head again"):
        Calibration(**settings)


def test_probabilities_of_entities() -> None:
    p = numpy.asarray([0.0, 1e-9, 0.2, 0.5, 0.9, 1.0])
    assert Calibration(temperature=2.0).of_entities(p) is p
    found = Calibration(slope=2.0, offset=-1.0).of_entities(p)
    odds = numpy.log(p[1:-1] / (1 - p[1:-1]))
    assert found[1:-1] == pytest.approx(1 / (1 + numpy.exp(-(2 * odds - 1))))
    assert found[0] == pytest.approx(0.0)
    assert found[-1] == pytest.approx(1.0)
    assert (numpy.diff(found) > 0).all()


def test_temperature_of_tags() -> None:
    head = make_head("mtl_tagger")
    doc = head.pipeline(TEXT)
    (logits,) = head.predict([doc])
    (before,) = head.confidences([doc])
    assert before == pytest.approx(softmax(logits).max(axis=1))
    head.calibration = Calibration(temperature=4.0)
    (after,) = head.confidences([doc])
    assert after == pytest.approx(softmax(logits / 4).max(axis=1))
    assert [t.tag_ for t in head.pipeline(TEXT)] == [t.tag_ for t in doc]


@pytest.mark.parametrize("factory", ["mtl_textcat", "mtl_textcat_multilabel"])
def test_temperature_of_categories(factory: str) -> None:
    """The loss from probabilities is that from logits, as before."""
    head = make_head(factory)
    nlp = head.pipeline
    doc = nlp(TEXT)
    before = head.predict([doc])
    examples = make_examples(nlp)
    list(nlp.pipe(eg.predicted for eg in examples))
    loss, d_scores = head.get_loss(examples, head.predict([eg.predicted for eg in examples]))
    head.calibration = Calibration(temperature=3.0)
    after = head.predict([doc])
    expected = head._probabilities(head._logits(before) / 3)
    assert after == pytest.approx(expected, abs=1e-6)
    assert nlp(TEXT).cats == pytest.approx(dict(zip(head.labels, after[0].tolist())))
    again, d_again = head.get_loss(examples, head.predict([eg.predicted for eg in examples]))
    assert again == pytest.approx(loss, rel=1e-5)
    assert d_again == pytest.approx(d_scores, abs=1e-6)


@pytest.mark.parametrize("config", [{}, {"model": CRF}], ids=["constrained", "CRF"])
def test_entities_stay_the_same(config: Dict[str, Any]) -> None:
    head = make_head("mtl_ner", confidence=True, **config)
    docs = [eg.predicted for eg in make_examples(head.pipeline)]
    before = [doc.copy() for doc in head.pipeline.pipe(doc.copy() for doc in docs)]
    head.calibration = Calibration(temperature=5.0, slope=2.0, offset=0.5)
    after = list(head.pipeline.pipe(doc.copy() for doc in docs))
    found = [[(e.start, e.end, e.label_) for e in doc.ents] for doc in before]
    assert found == [[(e.start, e.end, e.label_) for e in doc.ents] for doc in after]
    confidences = [[e._.confidence for doc in ds for e in doc.ents] for ds in (before, after)]
    assert len(confidences[0]) > 0
    assert confidences[0] != confidences[1]


def test_saved_with_the_head(tmp_path: Path) -> None:
    head = make_head("mtl_ner")
    assert head.calibration is None
    assert "calibration" not in head.cfg
    head.calibration = Calibration(1.5, 0.75, -0.25)
    head.pipeline.to_disk(tmp_path)
    nlp: Any = spacy.load(tmp_path)
    assert nlp.get_pipe("head").calibration == Calibration(1.5, 0.75, -0.25)
    data = nlp.get_pipe("head").to_bytes()
    head.calibration = None
    assert "calibration" not in head.cfg
    assert head.from_bytes(data).calibration == Calibration(1.5, 0.75, -0.25)
    # What is learned anew is not calibrated.
    head.pipeline.initialize(lambda: make_examples(head.pipeline))
    assert head.calibration is None


@pytest.mark.parametrize(
    "saved", [{"temperature": 0.0}, {"temperature": 1.0, "bias": 1.0}, [1.0], "x", {"slope": "x"}]
)
def test_damaged(saved: Any, tmp_path: Path) -> None:
    head = make_head("mtl_ner")
    head.to_disk(tmp_path / "head")
    cfg("head", calibration=saved)(tmp_path)
    assert json.loads((tmp_path / "head" / "cfg").read_text())["calibration"] == saved
    with pytest.raises(ValueError, match="'calibration' is .* must be valid"):
        head.from_disk(tmp_path / "head")
