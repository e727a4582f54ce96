"""Processes that compute linear layers by the same library, so that nothing differs by rounding."""

import os
from typing import Dict

import torch

from spacy_mtl.encoder.fast_linear import CHOICE, is_fast


def environment() -> Dict[str, str]:
    """For another process, with the choice of this one. Otherwise each tries which is faster."""
    return {**os.environ, CHOICE: "onednn" if is_fast(torch.float32) else "torch"}
