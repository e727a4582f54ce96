"""The longest input of an encoder."""

import torch
from transformers import AutoTokenizer, RobertaConfig, RobertaModel

from spacy_mtl.encoder.window_size import longest_window


def test_positions_of_roberta(encoder_dir: str) -> None:
    config = RobertaConfig(
        vocab_size=50,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=34,
    )
    tokenizer = AutoTokenizer.from_pretrained(encoder_dir)
    longest = longest_window(tokenizer, RobertaModel(config))
    assert longest == 32
    RobertaModel(config)(torch.ones((1, longest), dtype=torch.int64) * 5)
