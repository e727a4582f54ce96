"""Attention as two matrix products."""

from typing import Any, List, Optional

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from spacy_mtl.encoder import attention, short_attention
from spacy_mtl.encoder.attention import AttentionWithin
from spacy_mtl.encoder.short_attention import attend, is_faster_for


@pytest.fixture(autouse=True)
def fresh_look() -> Any:
    """Look at the processor again."""
    for found in (short_attention._longest, short_attention._has_bfloat16):
        found.cache_clear()
    yield
    for found in (short_attention._longest, short_attention._has_bfloat16):
        found.cache_clear()


@pytest.mark.parametrize("length", [1, 5, 16, 40, 600])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
def test_same_as_torch(length: int, dtype: torch.dtype, tolerance: float) -> None:
    query, key, value = (torch.randn(2, 3, length, 8) for _ in range(3))
    expected = scaled_dot_product_attention(query, key, value[..., :5], scale=0.3)
    given = [x.to(dtype) for x in (query, key, value[..., :5])]
    found = attend(*given, scale=0.3)
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("n_weights", [1, 7 * 7, 7 * 7 * 4])
def test_parts(n_weights: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [torch.randn(2, 3, 7, 8) for _ in range(3)]
    expected = attend(*given, scale=1.0)
    monkeypatch.setattr(short_attention, "_N_WEIGHTS", n_weights)
    torch.testing.assert_close(attend(*given, scale=1.0), expected)


@pytest.mark.parametrize("length", [4, 20])
def test_large_scores(length: int) -> None:
    query = torch.full((1, 1, length, 2), 40.0)
    value = torch.randn(1, 1, length, 3)
    expected = value.mean(2, keepdim=True).expand_as(value)
    torch.testing.assert_close(attend(query, query, value, scale=1.0), expected)


@pytest.mark.parametrize(("capability", "longest"), [("AVX512", 64), ("AVX2", 16)])
@pytest.mark.parametrize("feature", ["AVX512-BF16", None])
def test_when_it_is_faster(
    capability: str, longest: int, feature: Optional[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(short_attention, "bfloat16_of_cpu", lambda: feature)
    short, long = torch.zeros(1, 1, longest, 4), torch.zeros(1, 1, longest + 1, 4)
    assert not is_faster_for(short)
    with torch.no_grad():
        assert is_faster_for(short)
        assert not is_faster_for(long)
        assert is_faster_for(long.bfloat16()) == (feature is not None)
        assert not is_faster_for(short.double())
        assert not is_faster_for(short.to("meta"))


def test_within_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = [20, 20, 7, 2]
    seen: List[int] = []
    monkeypatch.setattr(
        attention, "attend", lambda q, *args: seen.append(q.shape[-2]) or attend(q, *args)
    )
    given = [torch.randn(1, 2, sum(lengths), 4) for _ in range(3)]
    with AttentionWithin(lengths):
        expected = scaled_dot_product_attention(*given, scale=2.0)
        with torch.no_grad():
            found = scaled_dot_product_attention(*given, scale=2.0)
    torch.testing.assert_close(found, expected)
    # Those of 20 are short enough on some processors.
    assert seen[-2:] == [7, 2]
