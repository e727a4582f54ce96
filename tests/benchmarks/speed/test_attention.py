"""A layer on padded texts, and on texts one after the other."""

from typing import Any

import torch


def test_both_layouts_give_the_same_vectors(benchmark_module: Any) -> None:
    attention = benchmark_module("speed.attention")
    layer = attention.Layer(16, 2).eval()
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0]]).bool()
    X = torch.randn(3, 5, 16)
    with torch.inference_mode():
        padded = layer.padded(X, mask[:, None, None])[mask]
        found = layer.nested(X[mask], torch.tensor([0, 5, 7, 10]), 5)
    assert torch.allclose(found, padded, atol=1e-5)


def test_contestants_run(benchmark_module: Any) -> None:
    attention = benchmark_module("speed.attention")
    layer = attention.Layer(16, 2).eval()
    mask = torch.ones(2, 4).bool()
    for kind in ("padded", "nested"):
        attention.contestant(kind, layer, [mask], 16, "torch's choice")()
