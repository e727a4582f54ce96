"""The documents of a batch: means of their vectors."""

from typing import Sequence

import torch
from torch import Tensor


class Documents:
    """Which document each token belongs to.

    lengths (Sequence[int]): The number of tokens of each document. May be 0.
    device (torch.device): Where the vectors are.
    """

    def __init__(self, lengths: Sequence[int], device: torch.device) -> None:
        self._lengths = torch.tensor(list(lengths), device=device)
        self._of_token = torch.repeat_interleave(self._lengths, output_size=sum(lengths))

    def means(self, X: Tensor) -> Tensor:
        """Average the vectors of each document.

        X (Tensor): Vectors. *Shape:* (n_tokens, width).
        RETURNS (Tensor): Their means, 0 if a document is empty. *Shape:* (n_docs, width).
        """
        sums = X.new_zeros(len(self._lengths), X.shape[1]).index_add(0, self._of_token, X)
        return sums / self._lengths.clamp(min=1).unsqueeze(1)

    def per_token(self, values: Tensor) -> Tensor:
        """Give each token the values of its document.

        values (Tensor): *Shape:* (n_docs, ...).
        RETURNS (Tensor): *Shape:* (n_tokens, ...).
        """
        return values.index_select(0, self._of_token)
