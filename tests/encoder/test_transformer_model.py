"""The settings of our model of the stock component."""

import pytest
import spacy
from helpers.transformer_pipelines import OURS, make_transformer

from spacy_mtl.encoder.transformer_model import create_transformer_model


def test_precision_out_of_range() -> None:
    with pytest.raises(ValueError, match="spacy_mtl.TransformerModel.v1 is 'fp16'"):
        create_transformer_model("x", precision="fp16")
    with pytest.raises(ValueError, match="mixed_precision = true and precision = 'bf16'"):
        create_transformer_model("x", mixed_precision=True, precision="bf16")


def test_same_model_from_its_config(encoder_dir: str) -> None:
    nlp = make_transformer(encoder_dir, OURS)
    config = nlp.get_pipe_config("transformer")["model"]
    assert config["@architectures"] == OURS
    again = spacy.util.load_model_from_config(nlp.config)
    assert again.pipe_names == ["transformer"]
