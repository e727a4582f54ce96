"""Attention within concatenated sequences."""

from typing import List

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from spacy_mtl.encoder.attention import AttentionWithin, NotPackableError


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
    """The mean of many draws equals that without dropout; a share of the weights is zero."""
    query, key = torch.randn(2, 1, 2, 7, 5)
    # Each row of the output is a row of weights.
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
