"""Calibrating pipelines of all kinds."""

from typing import Any, Dict

import numpy
import pytest
from noisy_corpus import noisy_docs, noisy_examples, sure_pipeline
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from stock_heads import add_stock
from tiny_corpus import strip
from tiny_pipelines import CNN, CRF, inner

from spacy_mtl.calibration.goals import for_f1, for_precision
from spacy_mtl.deploy.calibrate import CalibrationError, calibrate
from spacy_mtl.heads.calibration import Calibration

SCHEME = {"@architectures": "spacy_mtl.MMoE.v1", "width": 4, "tok2vec": CNN}


def predictions(nlp: Language) -> Any:
    docs = nlp.pipe([doc.text for doc in noisy_docs(nlp, 1)])
    return [
        ([t.tag_ for t in doc], [(e.start, e.end, e.label_) for e in doc.ents], best(doc))
        for doc in docs
    ]


def best(doc: Doc) -> str:
    return max(doc.cats, key=lambda label: doc.cats[label])


@pytest.mark.parametrize("kind", ["CNN", "CRF", "a scheme", "bfloat16"])
def test_calibrated(kind: str, encoder_dir: str) -> None:
    """Confidences are better on texts that a fit hasn't seen, and predictions are the same."""
    config: Dict[str, Any] = {}
    if kind == "a scheme":
        config["model"] = SCHEME
    encoder = inner(encoder_dir, precision="bf16") if kind == "bfloat16" else None
    heads = {
        "tagger": ("mtl_tagger", {}),
        "ner": ("mtl_ner", {"model": CRF} if kind == "CRF" else {}),
        "textcat": ("mtl_textcat", {}),
    }
    nlp = sure_pipeline(encoder, heads, **config)
    before = predictions(nlp)
    found = calibrate(nlp, noisy_examples(nlp, 24))
    assert list(found.heads) == list(heads)
    assert not found.left_out
    for name, head in found.heads.items():
        old, new = head.measures()
        assert new.nll <= old.nll, name
        assert new.ece < max(0.05, old.ece), name
    assert predictions(nlp) == before
    again = spacy_copy(nlp)
    text = noisy_docs(nlp, 1)[0].text
    assert again(text).cats == nlp(text).cats
    for name in heads:
        own: Any = nlp.get_pipe(name)
        assert again.get_pipe(name).calibration == own.calibration
    # What is saved is what was measured.
    ner: Any = nlp.get_pipe("ner")
    said = [each[3] for each in ner.confidences([nlp(text)])[0]]
    assert said == pytest.approx(found.heads["ner"].after.confidences[: len(said)], abs=0.05)


def spacy_copy(nlp: Language) -> Language:
    other = sure_pipeline_like(nlp)
    return other.from_bytes(nlp.to_bytes())


def sure_pipeline_like(nlp: Language) -> Language:
    import spacy

    return spacy.util.load_model_from_config(nlp.config, auto_fill=True)
