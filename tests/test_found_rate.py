"""Learning rates of heads and schemes that nobody has set."""

from pathlib import Path
from typing import Any, Dict, Optional

import pytest
import spacy
from spacy.language import Language
from tiny_corpus import make_examples
from tiny_pipelines import CNN, inner

from spacy_mtl.learn_rate import GOOD_RATE
from spacy_mtl.loading import UnfitError

MMOE = {"@architectures": "spacy_mtl.MMoE.v1", "width": 4}
WARMUP = {"@schedules": "warmup_linear.v1", "initial_rate": 2e-4}


def make(tok2vec: Any, learn_rate: Any, mtl: Optional[Dict] = None, **ner: Any) -> Language:
    """An initialized pipeline with a rate in its config."""
    nlp = spacy.blank("en")
    nlp.config["training"]["optimizer"] = {"@optimizers": "Adam.v1", **learn_rate}
    nlp.add_pipe("mtl", config={"model": {**MMOE, "tok2vec": tok2vec}, **(mtl or {})})
    nlp.add_pipe("mtl_tagger", name="tagger")
    nlp.add_pipe("mtl_ner", name="ner", config=ner)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def scales(nlp: Language) -> Dict[str, float]:
    return {name: pipe.learn_rate_scale for name, pipe in nlp.pipeline}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("learn_rate", "expected"),
    [
        ({"learn_rate": 5e-5}, GOOD_RATE / 5e-5),
        ({"learn_rate": {**WARMUP, "warmup_steps": 10, "total_steps": 100}}, GOOD_RATE / 2e-4),
        ({"learn_rate": {"@schedules": "constant.v1", "rate": 1e-4}}, GOOD_RATE / 1e-4),
        ({"learn_rate": 1e-7}, 100.0),
        ({"learn_rate": 0.05}, 1.0),
        # spaCy's default.
        ({}, 1.0),
        ({"learn_rate": 5e-4}, GOOD_RATE / 5e-4),
        ({"@optimizers": "RAdam.v1", "learn_rate": 5e-5}, 1.0),
        ({"learn_rate": 0.0}, 1.0),
    ],
)
def test_beside_a_transformer(
    encoder_dir: str, learn_rate: Dict[str, Any], expected: float
) -> None:
    nlp = make(inner(encoder_dir), learn_rate)
    assert scales(nlp) == pytest.approx(dict.fromkeys(["mtl", "tagger", "ner"], expected), rel=0.01)


def test_beside_a_network_that_starts_at_random() -> None:
    assert set(scales(make(CNN, {"learn_rate": 5e-5})).values()) == {1.0}


def test_what_is_set_stays(encoder_dir: str) -> None:
    nlp = make(
        inner(encoder_dir), {"learn_rate": 5e-5}, {"learn_rate_scale": 3.0}, learn_rate_scale=1.0
    )
    found = scales(nlp)
    assert (found["mtl"], found["ner"]) == (3.0, 1.0)
    assert found["tagger"] == pytest.approx(GOOD_RATE / 5e-5)


def test_it_is_saved(encoder_dir: str, tmp_path: Path) -> None:
    nlp = make(inner(encoder_dir), {"learn_rate": 5e-5})
    before = scales(nlp)
    nlp.to_disk(tmp_path / "trained")
    assert scales(spacy.load(tmp_path / "trained")) == before
    # Sourced, where another rate is configured: it has learned already.
    other = spacy.blank("en")
    other.config["training"]["optimizer"] = {"@optimizers": "Adam.v1", "learn_rate": 1e-4}
    for name in nlp.pipe_names:
        other.add_pipe(name, source=spacy.load(tmp_path / "trained"))
    assert scales(other) == before
    # Initialized again.
    nlp.config["training"]["optimizer"]["learn_rate"] = 0.01
    nlp.initialize(lambda: make_examples(nlp))
    assert set(scales(nlp).values()) == {1.0}


@pytest.mark.parametrize("name", ["mtl", "ner"])
@pytest.mark.parametrize("value", ["fast", -1.0, 0, None])
def test_damaged(encoder_dir: str, name: str, value: Any) -> None:
    nlp = make(inner(encoder_dir), {"learn_rate": 5e-5})
    nlp.get_pipe(name).cfg["learn_rate_scale"] = value
    copy = make(inner(encoder_dir), {"learn_rate": 5e-5})
    with pytest.raises((ValueError, UnfitError), match="'learn_rate_scale' is"):
        copy.from_bytes(nlp.to_bytes())
