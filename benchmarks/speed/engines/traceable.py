"""The encoder as a module that other engines can convert: tensors in, a tensor out."""

from typing import Any, Dict

import torch
from torch import Tensor

INPUTS = ("input_ids", "attention_mask")


class Traceable(torch.nn.Module):
    """An encoder that takes ids and mask by position.

    network (PreTrainedModel): The encoder, on a CPU.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        # An exporter puts back the mode that it found.
        self.eval()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """RETURNS (Tensor): The vectors. *Shape:* (n_texts, n_pieces, width)."""
        found = self.network(input_ids=input_ids, attention_mask=attention_mask)
        hidden: Tensor = found.last_hidden_state
        return hidden


def example() -> Dict[str, Tensor]:
    """RETURNS (Dict[str, Tensor]): An input with padding, so that the mask is not traced away."""
    ids = torch.full((3, 11), 5)
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    return dict(zip(INPUTS, (ids, mask)))
