"""Calibrating pipelines of all kinds."""

from typing import Any, Dict

import pytest
import spacy
from noisy_corpus import noisy_docs, noisy_examples, sure_pipeline
from openvino_here import NEEDS_OPENVINO
from scheme_pipelines import ONE_EACH, trained
from schemes import Row
from spacy.language import Language
from spacy.tokens import Doc
from tiny_pipelines import CNN, CRF, inner

from spacy_mtl.calibration.goals import for_f1, for_precision
from spacy_mtl.deploy.calibrate import CalibrationError, calibrate

SCHEME = {"@architectures": "spacy_mtl.MMoE.v1", "width": 4, "tok2vec": CNN}


def predictions(nlp: Language) -> Any:
    docs = nlp.pipe([doc.text for doc in noisy_docs(nlp, [1])])
    return [
        ([t.tag_ for t in doc], [(e.start, e.end, e.label_) for e in doc.ents], best(doc))
        for doc in docs
    ]


def best(doc: Doc) -> str:
    return max(doc.cats, key=lambda label: doc.cats[label])


#: Settings of an encoder.
ENCODERS = {"bfloat16": {"precision": "bf16"}, "OpenVINO": {"engine": "openvino"}}
BY_OPENVINO = pytest.param("OpenVINO", marks=NEEDS_OPENVINO)


@pytest.mark.parametrize("kind", ["CNN", "CRF", "a scheme", "bfloat16", BY_OPENVINO])
def test_calibrated(kind: str, encoder_dir: str) -> None:
    """Confidences are better on texts that a fit hasn't seen, and predictions are the same."""
    config: Dict[str, Any] = {}
    if kind == "a scheme":
        config["model"] = SCHEME
    encoder = inner(encoder_dir, **ENCODERS[kind]) if kind in ENCODERS else None
    heads = {
        "tagger": ("mtl_tagger", {}),
        "ner": ("mtl_ner", {"model": CRF} if kind == "CRF" else {}),
        "textcat": ("mtl_textcat", {}),
    }
    nlp = sure_pipeline(encoder, heads, **config)
    before = predictions(nlp)
    found = calibrate(nlp, noisy_examples(nlp))
    # In few steps, the transformer hardly finds entities.
    assert set(found.left_out) == ({"ner"} if encoder else set())
    for name, head in found.heads.items():
        old, new = head.measures()
        assert new.nll <= old.nll, name
        assert new.ece < old.ece + 0.03, name
    assert predictions(nlp) == before
    again = spacy.util.load_model_from_config(nlp.config, auto_fill=True)
    again.from_bytes(nlp.to_bytes())
    text = noisy_docs(nlp, [1])[0].text
    # (OpenVINO's sums may run in another order in another compiled model.)
    assert again(text).cats == pytest.approx(nlp(text).cats, abs=1e-6)
    if "ner" in found.left_out:
        return
    ner: Any = again.get_pipe("ner")
    # What is saved is about what was measured without these texts.
    said = [each[3] for each in ner.confidences([again(text)])[0]]
    assert said == pytest.approx(found.heads["ner"].after.confidences[: len(said)], abs=0.1)


@pytest.mark.parametrize("row", ONE_EACH, ids=lambda row: row.name)
def test_every_scheme(row: Row) -> None:
    """Tags and categories, which even random embeddings are enough for."""
    nlp = trained(row)
    before = predictions(nlp)
    found = calibrate(nlp, noisy_examples(nlp), only=["tagger", "textcat"])
    assert set(found.heads) == {"tagger", "textcat"}
    for head in found.heads.values():
        old, new = head.measures()
        assert new.nll <= old.nll
    assert predictions(nlp) == before


LISTENER = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
SEVERAL: Dict[str, Any] = {
    "tagger": ("tagger", {"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}}),
    "ner": ("mtl_ner", {"score_prefix": "mine"}),
    "places": ("mtl_ner", {"spans_key": "places", "threshold": 0.1}),
    "multi": ("mtl_textcat_multilabel", {}),
}


def test_several_heads() -> None:
    """Each has its own numbers; stock heads are left alone, and so are heads without annotation."""
    nlp = sure_pipeline(heads=SEVERAL)
    stock = nlp.get_pipe("tagger").to_bytes()
    examples = noisy_examples(nlp, range(60))
    for eg in examples:
        del eg.reference.spans["places"]
    found = calibrate(nlp, examples)
    assert set(found.heads) == {"ner", "multi"}
    assert found.left_out == {"places": "the corpus has no annotation for it (doc.spans['places'])"}
    assert found.heads["multi"].before.n_gold == {"a": 120, "b": 120}
    assert nlp.get_pipe("tagger").to_bytes() == stock
    places: Any = nlp.get_pipe("places")
    assert (places.calibration, places.threshold) == (None, 0.1)
    # Of the spans, only those under the key; the other heads stay as they are.
    ner: Any = nlp.get_pipe("ner")
    before = ner.calibration
    again = calibrate(nlp, noisy_examples(nlp, range(60)), only=["places"])
    assert set(again.heads) == {"places"}
    assert again.heads["places"].is_outdated
    assert set(again.heads["places"].before.labels) == {"LOC"}
    assert ner.calibration == before


def test_thresholds() -> None:
    """They do what they say, on the corpus that they were chosen on."""
    nlp = sure_pipeline(heads={"ner": ("mtl_ner", {}), "multi": ("mtl_textcat_multilabel", {})})
    # "Bo" is never right.
    examples = noisy_examples(nlp, range(1, 50, 4))
    for eg in examples:
        gold = eg.reference
        gold.set_ents([ent for ent in gold.ents if ent.text != "Bo"], default="outside")
    examples = examples[:4] * 30
    found = calibrate(nlp, examples, for_f1())
    chosen = found.heads["ner"].thresholds
    assert chosen is not None
    ner, multi = (nlp.get_pipe(name) for name in ("ner", "multi"))
    common = chosen.common.threshold
    assert ner.threshold == {label: common for label in ner.labels}
    assert chosen.too_few == ["LOC", "PER"]
    assert multi.threshold == found.heads["multi"].thresholds.common.threshold
    scores = nlp.evaluate(examples)
    assert scores["ents_f"] == pytest.approx(chosen.common.f1)


def test_calibrated_already() -> None:
    """Anew means as if it weren't."""
    nlp = sure_pipeline(heads={"textcat": ("mtl_textcat", {})})
    first = calibrate(nlp, noisy_examples(nlp)).heads["textcat"]
    with pytest.raises(CalibrationError, match="Calibrated already: textcat. .* use --force"):
        calibrate(nlp, noisy_examples(nlp))
    again = calibrate(nlp, noisy_examples(nlp), anew=True).heads["textcat"]
    assert again.scaling == first.scaling
    assert again.before.confidences == pytest.approx(first.before.confidences, abs=1e-6)


def test_unreachable() -> None:
    """Then nothing is changed."""
    nlp = sure_pipeline(heads={"textcat": ("mtl_textcat", {})})
    with pytest.raises(
        CalibrationError, match="'textcat' can't reach .* a precision of 0.95. The best is 0.80"
    ):
        calibrate(nlp, noisy_examples(nlp), for_precision(0.95))
    head: Any = nlp.get_pipe("textcat")
    assert (head.calibration, head.threshold) == (None, 0.0)


def test_nothing_to_calibrate() -> None:
    nlp = spacy.blank("en")
    with pytest.raises(CalibrationError, match=r"no head to calibrate: .* \(it has none\)"):
        calibrate(nlp, [])
    nlp = sure_pipeline()
    with pytest.raises(
        CalibrationError, match="'tagger': the corpus has no annotation for it .*'textcat': the c"
    ):
        calibrate(nlp, noisy_examples(nlp, keep="none"))
    says = "'ner': the corpus is too small for it: 8 predictions .in 6 texts. .* at least 100"
    with pytest.raises(CalibrationError, match=says):
        calibrate(nlp, noisy_examples(nlp, [1, 2], keep="ents"))
