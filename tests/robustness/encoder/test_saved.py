"""Saved encoders: labels, settings, and compatibility with the library."""

import json
from pathlib import Path

import pytest
import spacy
import torch
from spacy_transformers.layers.transformer_model import TransformerModel
from spacy_transformers.span_getters import get_doc_spans

from spacy_mtl.encoder.transformer import TransformerEncoder
from spacy_mtl.encoder.transformer_model import create_transformer_model

TEXT = "anna books a room"


def test_labels_of_a_config_may_have_any_name(encoder_dir: str) -> None:
    """User-defined keys aren't settings, even if transformers has a method of that name."""
    from spacy_mtl.encoder.saved import problems_of_message

    config = json.loads((Path(encoder_dir) / "config.json").read_text(encoding="utf8"))
    labels = {"update": 0, "from_dict": 1, "auto_map": 2}
    config.update(label2id=labels, id2label={str(n): label for label, n in labels.items()})
    message = {"config": config, "tokenizer": {}, "state": b""}
    assert not [problem for problem in problems_of_message(message) if "config" in problem]
    config["update"] = 1
    assert [problem for problem in problems_of_message(message) if "'update'" in problem]


@pytest.mark.parametrize("is_ours_first", [True, False])
def test_exchange_with_the_library(is_ours_first: bool, encoder_dir: str) -> None:
    docs = [spacy.blank("en").make_doc(TEXT)]
    ours = create_transformer_model(encoder_dir, get_doc_spans)
    theirs = TransformerModel(encoder_dir, get_doc_spans, {"use_fast": True})
    first, second = (ours, theirs) if is_ours_first else (theirs, ours)
    first.initialize(X=docs)
    second.from_bytes(first.to_bytes())
    states = [model.predict(docs).model_output.last_hidden_state for model in (first, second)]
    torch.testing.assert_close(*states)


def test_settings_of_a_file_are_not_used_to_initialize(encoder_dir: str) -> None:
    """The pipeline was saved before it was initialized."""
    encoder = TransformerEncoder(encoder_dir, {"use_fast": False})
    other = TransformerEncoder(encoder_dir, {"use_fast": True})
    other.from_bytes(encoder.to_bytes())
    other.initialize()
    assert other.shims[0]._hfmodel.tokenizer.is_fast
