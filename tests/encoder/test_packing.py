"""Sequences one after the other, without padding."""

from typing import Any, List

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention
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

from spacy_mtl.encoder.attention import AttentionWithin, NotPackableError
from spacy_mtl.encoder.batching import batch_evenly
from spacy_mtl.encoder.packing import Packing, find_packing, run_packed

SIZES = {"vocab_size": 30, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
OTHERS = {"intermediate_size": 8, "max_position_embeddings": 40, "pad_token_id": 1}


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 100))
def test_batch_evenly(lengths: List[int], budget: int) -> None:
    batches = batch_evenly(numpy.asarray(lengths, dtype="int64"), budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    sizes = [sum(lengths[i] for i in batch) for batch in batches]
    assert max(sizes, default=0) <= 1.5 * budget + max(lengths, default=0)
    shortest = [min(lengths[i] for i in batch) for batch in batches]
    assert shortest == sorted(shortest, reverse=True)


@pytest.mark.parametrize("lengths", [[3], [4, 4, 4], [6, 3, 3, 1]])
@pytest.mark.parametrize("is_causal", [False, True])
def test_attention_within(lengths: List[int], is_causal: bool) -> None:
    n = sum(lengths)
    given = [torch.randn(1, 2, n, 5, requires_grad=True) for _ in range(3)]
    ends = torch.tensor(lengths).cumsum(0)
    sequence = torch.searchsorted(ends, torch.arange(n), right=True)
    mask = sequence[:, None] == sequence
    if is_causal:
        mask &= torch.arange(n)[:, None] >= torch.arange(n)
    expected = scaled_dot_product_attention(*given, attn_mask=mask)
    with AttentionWithin(lengths):
        found = scaled_dot_product_attention(*given, is_causal=is_causal)
    torch.testing.assert_close(found, expected)
    d_found = torch.randn(found.shape)
    for ours, theirs in zip(
        torch.autograd.grad(found, given, d_found), torch.autograd.grad(expected, given, d_found)
    ):
        torch.testing.assert_close(ours, theirs)


def test_attention_with_dropout() -> None:
    """The mean of many draws is that without dropout; a share of the weights is zero."""
    query, key = torch.randn(2, 1, 2, 7, 5)
    # Each row of what comes out is a row of weights.
    value = torch.cat([torch.eye(4, 7), torch.eye(3, 7)])[None, None].expand(1, 2, 7, 7)
    with AttentionWithin([4, 3]):
        expected = scaled_dot_product_attention(query, key, value)
        drawn = torch.stack(
            [scaled_dot_product_attention(query, key, value, dropout_p=0.25) for _ in range(4000)]
        )
        x = torch.ones(1000)
        assert torch.nn.functional.dropout(x, training=False) is x
        for p in (0.25, 1.0):
            zeros = (torch.nn.functional.dropout(x, p) == 0).float().mean()
            assert abs(float(zeros) - p) < 0.07
    torch.testing.assert_close(drawn.mean(0), expected, atol=0.05, rtol=0)
    weights = drawn[..., :4, :4]
    assert abs(float((weights == 0).float().mean()) - 0.25) < 0.01


def test_attention_with_a_mask_is_refused() -> None:
    query = torch.randn(1, 2, 3, 5)
    with AttentionWithin([1, 2]):
        with pytest.raises(NotPackableError):
            scaled_dot_product_attention(query, query, query, attn_mask=torch.ones(3, 3) > 0)
        with pytest.raises(NotPackableError):
            scaled_dot_product_attention(query[:, :, 1:], query[:, :, 1:], query[:, :, 1:])


@pytest.mark.parametrize(
    "network, expected",
    [
        (lambda: BertModel(BertConfig(**SIZES, **OTHERS)), Packing(0, 2)),
        (lambda: RobertaModel(RobertaConfig(**SIZES, **OTHERS)), Packing(2, 2)),
        # They take no numbers of positions, attend by functions of their own, or with masks.
        (lambda: DistilBertModel(DistilBertConfig(vocab_size=30, dim=8, n_heads=2)), None),
        (lambda: GPT2Model(GPT2Config(vocab_size=30, n_embd=8, n_layer=1, n_head=2)), None),
        # Without a size of its vocabulary, and none for three pieces.
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
    found = run_packed(made, packing, ids, positions, None, lengths)
    alone = [made(own).last_hidden_state for own in ids.split(lengths, dim=1)]
    torch.testing.assert_close(found, torch.cat(alone, dim=1))
    # More than it takes, and less attention than in the trial.
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
