"""Calibration errors as scores: "ents_ece", "tag_ece" and "cats_ece"."""

from typing import Any, Dict, Iterable, List, Tuple

import numpy
import pytest
from noisy_corpus import DEFAULT, noisy_examples, sure_pipeline
from spacy.language import Language
from spacy.tokens import Doc, Span, Token

from spacy_mtl.calibration.metrics import expected_calibration_error
from spacy_mtl.heads.calibration import Calibration

KEYS = {"tagger": "tag_ece", "ner": "ents_ece", "textcat": "cats_ece"}


def configs(**more: Any) -> Dict[str, Tuple[str, Dict[str, Any]]]:
    made = {}
    for name, (factory, _) in DEFAULT.items():
        scorer = {"@scorers": f"spacy_mtl.{name}_scorer.v1", "ece": True}
        own = {"scorer": scorer, **more.get(name, {})}
        made[name] = (factory, own if name == "textcat" else {"confidence": True, **own})
    return made


@pytest.fixture(scope="module")
def nlp() -> Language:
    return sure_pipeline(heads=configs(ner={"score_prefix": "mine"}))


def error_of(rows: Iterable[Tuple[float, bool]]) -> float:
    confidences, correct = zip(*rows)
    return expected_calibration_error(numpy.asarray(confidences), numpy.asarray(correct))


def test_scores(nlp: Language) -> None:
    """The errors of what is in the predicted documents."""
    examples = noisy_examples(nlp, range(4))
    scores = nlp.evaluate(examples)
    pairs = [(nlp(eg.text), eg.reference) for eg in examples]
    assert scores["tag_ece"] == pytest.approx(
        error_of(
            (token._.tag_confidence, token.tag_ == own.tag_)
            for doc, gold in pairs
            for token, own in zip(doc, gold)
        )
    )
    assert scores["mine_ents_ece"] == pytest.approx(
        error_of(
            (ent._.confidence, (ent.start, ent.end, ent.label_) in entities_of(gold))
            for doc, gold in pairs
            for ent in doc.ents
        )
    )
    assert scores["cats_ece"] == pytest.approx(
        error_of(
            (
                max(doc.cats.values()),
                gold.cats[max(doc.cats, key=lambda label: doc.cats[label])] == 1,
            )
            for doc, gold in pairs
        )
    )
    assert scores["mine_ents_f"] > 0.5


def entities_of(doc: Doc) -> List[Tuple[int, int, str]]:
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def test_uses_the_confidences(nlp: Language) -> None:
    """A temperature that makes the heads less sure changes the errors, but nothing else."""
    before = nlp.evaluate(noisy_examples(nlp, range(4)))
    for name in KEYS:
        nlp.get_pipe(name).calibration = Calibration(temperature=3.0)
    after = nlp.evaluate(noisy_examples(nlp, range(4)))
    for name in KEYS:
        nlp.get_pipe(name).calibration = None
    changed = {key for key in after if key != "speed" and after[key] != before[key]}
    assert changed - {"cats_macro_auc", "cats_macro_auc_per_type"} == {
        *("tag_ece", "mine_ents_ece", "cats_ece")
    }


def test_no_predictions(nlp: Language) -> None:
    """Without annotation there is no error."""
    scores = nlp.evaluate(noisy_examples(nlp, [1], keep="tag"))
    assert scores["mine_ents_ece"] is scores["cats_ece"] is None


@pytest.mark.parametrize(("name", "kind"), [("ner", Span), ("tagger", Token)])
def test_without_confidences(nlp: Language, name: str, kind: Any) -> None:
    extension = "confidence" if name == "ner" else "tag_confidence"
    removed = kind.remove_extension(extension)
    try:
        with pytest.raises(ValueError, match="ece = true needs .* Set confidence = true"):
            nlp.get_pipe(name).score(noisy_examples(nlp, [1]))
    finally:
        default, _, getter, setter = removed
        given = {"getter": getter, "setter": setter} if getter else {"default": default}
        kind.set_extension(extension, **given)


def test_off_by_default() -> None:
    nlp = sure_pipeline()
    assert not [key for key in nlp.evaluate(noisy_examples(nlp, [1])) if key.endswith("ece")]
