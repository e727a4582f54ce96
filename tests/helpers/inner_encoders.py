"""Transformers inside a model, and their expected output."""

from typing import Any, List

import torch
from spacy.tokens import Doc

from spacy_mtl.encoder.transformer import TransformerEncoder

TEXTS = ["anna books a room", "", "b", "two  spaces\n", "\n\n", "the old books of berlin are old"]


def make_encoder(encoder_dir: str, **settings: Any) -> Any:
    """Build and initialize a spacy_mtl.TransformerEncoder.v1."""
    encoder = TransformerEncoder(encoder_dir, **settings)
    encoder.initialize()
    return encoder


def pooled_one_by_one(network: Any, tokenizer: Any, docs: List[Doc]) -> Any:
    """Compute the mean of each token's wordpieces naively, one text and token at a time."""
    rows = []
    for doc in docs:
        encoded = tokenizer(doc.text, return_offsets_mapping=True, return_tensors="pt")
        offsets = encoded.pop("offset_mapping")[0].tolist()
        hidden = network(**encoded).last_hidden_state[0]
        for token in doc:
            end = token.idx + len(token)
            mine = [i for i, (a, b) in enumerate(offsets) if a < end and b > token.idx]
            rows.append(hidden[mine].mean(0) if mine else torch.zeros(hidden.shape[1]))
    return torch.stack(rows)
