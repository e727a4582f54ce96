"""The settings of a pretrained transformer inside a model."""

from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from helpers.inner_encoders import TEXTS, make_encoder
from spacy.language import Language
from tiny_corpus import make_examples
from tiny_pipelines import add_joint, inner

from spacy_mtl.encoder.transformer import TransformerEncoder


def test_window_by_config(encoder_dir: str, nlp: Language) -> None:
    doc = nlp.make_doc("a b c d e f g h i j k l")
    whole, cut, too_wide = (
        make_encoder(encoder_dir, window=window).predict([doc])[0] for window in (None, 8, 1000)
    )
    assert numpy.isfinite(cut).all()
    assert abs(whole - cut).max() > 1e-3
    numpy.testing.assert_array_equal(whole, too_wide)


def test_settings_of_a_trained_pipeline_can_be_changed(encoder_dir: str, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path)
    key = "components.mtl.model.tok2vec.precision"
    plain, rough = (
        spacy.load(tmp_path, config={key: precision})(TEXTS[0]).tensor
        for precision in ("fp32", "bf16")
    )
    numpy.testing.assert_array_equal(plain, nlp(TEXTS[0]).tensor)
    assert 1e-6 < abs(plain - rough).max() < 0.01


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"precision": "fp16"}, "'precision' .* 'fp16'.*fp32.*bf16.*auto.*int8"),
        ({"window": 4}, "'window' .* is 4, .* at least 8"),
        ({"context": -1}, "'context' .* is -1, .* at least 0"),
        ({"kept_pieces": -1}, "'kept_pieces' .* is -1, .* at least 0"),
        ({"batch_pieces": 0}, "'batch_pieces' .* is 0, .* at least 1"),
    ],
)
def test_settings_out_of_range(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TransformerEncoder("x", **settings)
