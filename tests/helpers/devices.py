"""The CPU and a GPU, for tests that compare them."""

import os
from contextlib import contextmanager
from typing import Iterator

import pytest
import spacy
import torch
from thinc.api import get_current_ops, set_current_ops

#: If set, tests of a GPU run on the CPU, to try the tests themselves.
TRY_ON_CPU = "SPACY_MTL_TRY_GPU_TESTS_ON_CPU"


@contextmanager
def on(device: str) -> Iterator[None]:
    """Make and use pipelines on a device: "cpu" or "gpu"."""
    before = get_current_ops()
    has_gpu = device == "gpu" and not os.environ.get(TRY_ON_CPU)
    (spacy.require_gpu if has_gpu else spacy.require_cpu)()
    try:
        yield
    finally:
        set_current_ops(before)


def skip_without_gpu() -> None:
    """Skip a test on machines without a GPU that torch and cupy can use."""
    if not os.environ.get(TRY_ON_CPU):
        pytest.importorskip("cupy")
        if not torch.cuda.is_available():
            pytest.skip("torch finds no GPU")


def onednn_has_bfloat16() -> bool:
    """Check whether oneDNN computes in bfloat16 on this processor. With AVX2 alone, it doesn't."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
