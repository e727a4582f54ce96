"""The bare encoder by PyTorch."""

from typing import Any


def test_bare_encoder_has_all_texts(benchmark_module: Any, encoder_dir: str) -> None:
    texts = ["a b c", "d", "e f g h i", "j k"]
    batches = benchmark_module("speed.bare").bare_batches(encoder_dir, texts, 12)
    assert [tuple(batch["input_ids"].shape) for batch in batches] == [(1, 7), (2, 5), (1, 3)]
    assert sum(int(batch["attention_mask"].sum()) for batch in batches) == 7 + 5 + 4 + 3


def test_groups_of_texts(benchmark_module: Any) -> None:
    group = benchmark_module("speed.bare").group_by_length
    assert group([3, 9, 4, 20], 10) == [[3], [1], [2, 0]]
    assert group([], 10) == []
