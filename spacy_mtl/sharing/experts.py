"""Experts: hidden layers over the same vectors, of which each task reads a mixture."""

from typing import Sequence

import torch
from torch import Tensor

from .hidden import Hidden
from .tower import SMALL


class Experts(torch.nn.Module):
    """Some experts that are read by the same tasks.

    An expert is a residual bottleneck: it maps x to x + up(h(x)), where h are its hidden layers.
    The weights of a mixture sum to 1, so a mixture of experts is x + the sum of weight * up(h(x)).
    That is why this module only computes the hidden states: they are weighted before they are
    projected up, all experts at once, see `mix`.

    n (int): The number of experts.
    width (int): The width of the vectors.
    hidden (Hidden): The sizes of the hidden layers of each expert.
    """

    def __init__(self, n: int, width: int, hidden: Hidden) -> None:
        super().__init__()
        self.n = n
        self.down = torch.nn.Linear(width, n * hidden.width)
        self.hidden = torch.nn.ModuleList(
            Parallel(n, hidden.width) for _ in range(hidden.depth - 1)
        )
        self.up = torch.nn.Linear(n * hidden.width, width, bias=False)
        self.dropout = torch.nn.Dropout(hidden.dropout)
        torch.nn.init.normal_(self.up.weight, std=SMALL)

    def forward(self, X: Tensor) -> Tensor:
        """Compute the last hidden states of all experts.

        X (Tensor): Vectors. *Shape:* (n_tokens, width).
        RETURNS (Tensor): Hidden states. *Shape:* (n_tokens, n, hidden width).
        """
        states = self.down(X).unflatten(1, (self.n, -1))
        states = self.dropout(torch.nn.functional.gelu(states))
        for layer in self.hidden:
            states = self.dropout(torch.nn.functional.gelu(layer(states)))
        return states


class Parallel(torch.nn.Module):
    """Square linear layers side by side, one per expert.

    n (int): The number of experts.
    width (int): The width of their states.
    """

    def __init__(self, n: int, width: int) -> None:
        super().__init__()
        bound = width**-0.5
        self.weight = torch.nn.Parameter(torch.empty(n, width, width).uniform_(-bound, bound))
        self.bias = torch.nn.Parameter(torch.empty(n, width).uniform_(-bound, bound))

    def forward(self, states: Tensor) -> Tensor:
        """RETURNS (Tensor): The outputs for states of the same *shape:* (n_tokens, n, width)."""
        return torch.einsum("tni,noi->tno", states, self.weight) + self.bias


def mix(X: Tensor, experts: Sequence[Experts], states: Sequence[Tensor], weights: Tensor) -> Tensor:
    """Mix the outputs of experts.

    X (Tensor): The vectors to which the experts add. *Shape:* (n_tokens, width).
    experts (Sequence[Experts]): Groups of experts.
    states (Sequence[Tensor]): The hidden states of each group.
        *Shape of each:* (n_tokens, n, hidden width).
    weights (Tensor): The weights of all these experts, in order. *Shape:* (n_tokens, n of all), or
        (1, n of all), for all tokens.
    RETURNS (Tensor): *Shape:* (n_tokens, width).
    """
    # One product for all groups.
    all_states = _cat(states)
    weighted = all_states * weights.to(all_states.dtype).unsqueeze(2)
    return X + torch.nn.functional.linear(weighted.flatten(1), _cat([e.up.weight for e in experts]))


def _cat(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=1)
