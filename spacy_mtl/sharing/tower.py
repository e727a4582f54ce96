"""A tower: a few residual bottleneck layers on top of the shared representation."""

import torch
from torch import Tensor

from .hidden import Hidden

#: The standard deviation of the last weights of each layer: small, so that a new tower's output
#: is close to its input, but not zero, so that all weights get gradients from the first step on.
SMALL = 0.02


class Tower(torch.nn.Module):
    """Map vectors to vectors of the same width, by residual layers with a bottleneck.

    width (int): The width of the vectors.
    hidden (Hidden): The sizes of the hidden layers.
    SOURCE: Houlsby et al. 2019 (adapters), arXiv:1902.00751.
    """

    def __init__(self, width: int, hidden: Hidden) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(Bottleneck(width, hidden) for _ in range(hidden.depth))

    def forward(self, X: Tensor) -> Tensor:
        """Compute the tower's output.

        X (Tensor): Vectors. *Shape:* (n_tokens, width).
        RETURNS (Tensor): Vectors. *Shape:* (n_tokens, width).
        """
        for layer in self.layers:
            X = X + layer(X)
        return X

    def change(self, X: Tensor) -> Tensor:
        """RETURNS (Tensor): What the tower adds to its input. *Shape:* (n_tokens, width)."""
        first, *others = self.layers
        change: Tensor = first(X)
        for layer in others:
            change = change + layer(X + change)
        return change


class Bottleneck(torch.nn.Module):
    """One layer of a tower: what it adds to its input.

    width (int): The width of the vectors.
    hidden (Hidden): The sizes of the tower's hidden layers.
    """

    def __init__(self, width: int, hidden: Hidden) -> None:
        super().__init__()
        self.down = torch.nn.Linear(width, hidden.width)
        self.up = torch.nn.Linear(hidden.width, width)
        self.dropout = torch.nn.Dropout(hidden.dropout)
        torch.nn.init.normal_(self.up.weight, std=SMALL)
        torch.nn.init.zeros_(self.up.bias)

    def forward(self, X: Tensor) -> Tensor:
        """RETURNS (Tensor): What the layer adds to its input. *Shape:* (n_tokens, width)."""
        return self.up(self.hidden(X))

    def hidden(self, X: Tensor) -> Tensor:
        """RETURNS (Tensor): The hidden layer's output. *Shape:* (n_tokens, bottleneck)."""
        return self.dropout(torch.nn.functional.gelu(self.down(X)))
