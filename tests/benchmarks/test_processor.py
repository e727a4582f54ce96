"""The processor's features, as Linux lists them."""

from pathlib import Path
from typing import Any

import pytest


def test_features_of_processors(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    processor = benchmark_module("processor")
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    assert processor.features() == []
    for line, expected in {
        "flags\t\t: fpu avx avx2 avx512f avx512_bf16": ["AVX2", "AVX-512", "AVX512-BF16"],
        "Features\t: fp asimd bf16": ["NEON", "BF16"],
        "model name\t: avx2": [],
    }.items():
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{line}\n")
        assert processor.features() == expected
        has_bfloat16 = "BF16" in expected or "AVX512-BF16" in expected
        assert processor.bfloat16_feature() == (expected[-1] if has_bfloat16 else "")
