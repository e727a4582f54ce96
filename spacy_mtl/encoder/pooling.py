"""From the vectors of wordpieces to those of tokens."""

from typing import Any, Tuple

import numpy
import torch
from torch import Tensor


def mean_of_pieces(hidden: Tensor, places: Tensor, offsets: Tensor) -> Tensor:
    """Compute the mean of each token's wordpieces.

    hidden (Tensor): The vectors of wordpieces. *Shape:* (n_pieces, width).
    places (Tensor): The indices of the first token's wordpieces, then of the second's, and so
        on. *Shape:* (n_places,).
    offsets (Tensor): Where each token's places start. *Shape:* (n_tokens,).
    RETURNS (Tensor): Zeros for a token without wordpieces. *Shape:* (n_tokens, width).
    """
    return torch.nn.functional.embedding_bag(places, hidden, offsets, mode="mean")


def empty_vectors(shape: Tuple[int, int], device: Any) -> Tensor:
    """Allocate vectors, without values.

    shape (Tuple[int, int]): Their shape.
    device (torch.device): Where they are.
    RETURNS (Tensor): The vectors, in float32.
    """
    if device.type == "cpu":
        # Unlike torch, numpy asks for large pages, of which the system has to provide fewer.
        return torch.from_numpy(numpy.empty(shape, dtype="float32"))
    return torch.empty(shape, device=device)
