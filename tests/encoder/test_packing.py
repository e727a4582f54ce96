"""Running encoders on concatenated sequences, without padding."""

from typing import Any

import pytest
import torch
from transformers import (
    AutoModel,
    BertConfig,
    BertModel,
    CanineConfig,
    CanineModel,
    DebertaV2Config,
    DebertaV2Model,
    DistilBertConfig,
    DistilBertModel,
    GPT2Config,
    GPT2Model,
    MPNetConfig,
    MPNetModel,
    RobertaConfig,
    RobertaModel,
)

from spacy_mtl.encoder.attention import NotPackableError
from spacy_mtl.encoder.packing import Packing, find_packing, run_packed

SIZES = {"vocab_size": 30, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
OTHERS = {"intermediate_size": 8, "max_position_embeddings": 40, "pad_token_id": 1}


@pytest.mark.parametrize(
    "network, expected",
    [
        (lambda: BertModel(BertConfig(**SIZES, **OTHERS)), Packing(0, 2)),
        (lambda: RobertaModel(RobertaConfig(**SIZES, **OTHERS)), Packing(2, 2)),
        # These don't accept positions, or use their own attention functions or masks.
        (lambda: DistilBertModel(DistilBertConfig(vocab_size=30, dim=8, n_heads=2)), None),
        (lambda: GPT2Model(GPT2Config(vocab_size=30, n_embd=8, n_layer=1, n_head=2)), None),
        # No vocabulary size, and no support for three pieces.
        (lambda: CanineModel(CanineConfig(hidden_size=8, num_attention_heads=2)), None),
        (lambda: MPNetModel(MPNetConfig(**SIZES, **OTHERS)), None),
        (lambda: DebertaV2Model(DebertaV2Config(**SIZES, **OTHERS)), None),
        (
            lambda: BertModel._from_config(
                BertConfig(**SIZES, **OTHERS), attn_implementation="eager"
            ),
            None,
        ),
    ],
)
def test_find_packing(network: Any, expected: Any) -> None:
    made = network().train()
    packing = find_packing(made, 38)
    assert packing == expected
    assert made.training
    if packing is None:
        return
    made.eval()
    lengths = [38, 7, 7, 1]
    ids = torch.randint(2, 30, (1, sum(lengths)))
    positions = torch.cat([torch.arange(n) for n in lengths])[None]
    found = run_packed(made, packing, ids, positions, None, lengths).last_hidden_state
    alone = [made(own).last_hidden_state for own in ids.split(lengths, dim=1)]
    torch.testing.assert_close(found, torch.cat(alone, dim=1))
    # Too high positions, and another number of attention calls than in the trial.
    with pytest.raises(NotPackableError):
        run_packed(made, packing, ids, positions + 100, None, lengths)
    with pytest.raises(NotPackableError):
        run_packed(made, Packing(packing.first, 1), ids, positions, None, lengths)


def test_gradient_checkpoints_are_not_packed(encoder_dir: str) -> None:
    network = AutoModel.from_pretrained(encoder_dir)
    assert find_packing(network.eval(), 64) == Packing(0, 2)
    network.gradient_checkpointing_enable()
    assert find_packing(network, 64) == Packing(0, 2)
    assert find_packing(network.train(), 64) is None
