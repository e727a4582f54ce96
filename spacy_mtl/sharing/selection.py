"""A gate that chooses a few experts: selectors, each of which comes to choose one."""

from dataclasses import dataclass
from typing import Callable

import torch
from torch import Tensor

from .running_mean import RunningMean

#: Keeps logarithms of 0 away, as in the authors' code.
EPSILON = 1e-6
#: Optimizers such as Adam change a value by about the learning rate per step. With those of
#: pretrained encoders, a static gate would need 10,000 steps to choose, so its values count more.
RATE_SCALE = 10.0


@dataclass
class Selection:
    """What the selectors of a gate choose.

    selectors (Tensor): The weights of experts of each selector, which sum to 1.
        *Shape:* (n_rows, n_selected, n_experts).
    shares (Tensor): The weights of the selectors, which sum to 1. *Shape:* (n_rows, n_selected).
    """

    selectors: Tensor
    shares: Tensor

    @property
    def weights(self) -> Tensor:
        """RETURNS (Tensor): The weights of experts. *Shape:* (n_rows, n_experts)."""
        return (self.selectors * self.shares.unsqueeze(2)).sum(dim=1)

    @property
    def entropy(self) -> Tensor:
        """RETURNS (Tensor): The mean entropy of a row's selectors. *Shape:* (n_rows,)."""
        return -(self.selectors * (self.selectors + EPSILON).log()).sum(dim=2).mean(dim=1)


class SelectionGate(torch.nn.Module):
    """A gate of some selectors. Each holds the number of an expert in soft binary digits.

    A digit is a smooth step of a value: exactly 0 below -gamma / 2 and exactly 1 above gamma / 2.
    Once all its digits are, a selector has chosen a single expert.

    n_experts (int): The number of experts. If it is not a power of two, the numbers from
        `n_experts` stand for the first experts again.
    n_selected (int): The number of selectors.
    gamma (float): The width of the smooth step.
    make_logits (Callable[[int, float], Module]): Makes a module that computes some values per row,
        from their number and the range of its initial parameters: `StaticLogits`, or a linear
        layer.
    """

    def __init__(
        self,
        n_experts: int,
        n_selected: int,
        gamma: float,
        make_logits: Callable[[int, float], torch.nn.Module],
    ) -> None:
        super().__init__()
        self._n_experts = n_experts
        self._n_selected = n_selected
        self._gamma = gamma
        n_digits = max(1, (n_experts - 1).bit_length())
        self.digits = make_logits(n_selected * n_digits, gamma / 100)
        self.shares = make_logits(n_selected, 0.05)
        self.use = RunningMean(n_experts)

    def forward(self, rows: Tensor) -> Selection:
        """Compute the weights of experts.

        rows (Tensor): *Shape:* (n_rows, width).
        RETURNS (Selection): Of each row, or a single one for all.
        """
        values = self.digits(rows).to(rows.dtype).unflatten(1, (self._n_selected, -1))
        digits = smooth_step(values, self._gamma)
        selectors = experts_of(digits, self._n_experts)
        return Selection(selectors, torch.softmax(self.shares(rows).to(rows.dtype), dim=1))


class StaticLogits(torch.nn.Module):
    """Values that are the same for all rows.

    n (int): Their number.
    bound (float): The range of the initial values.
    """

    def __init__(self, n: int, bound: float) -> None:
        super().__init__()
        self.values = torch.nn.Parameter(torch.empty(1, n).uniform_(-bound, bound) / RATE_SCALE)

    def forward(self, rows: Tensor) -> Tensor:
        """RETURNS (Tensor): The values. *Shape:* (1, n)."""
        return RATE_SCALE * self.values


class RowLogits(torch.nn.Linear):
    """Values that depend on the row.

    width (int): The width of the rows.
    n (int): The number of values.
    bound (float): The range of the initial parameters.
    """

    def __init__(self, width: int, n: int, bound: float) -> None:
        super().__init__(width, n)
        for parameter in self.parameters():
            torch.nn.init.uniform_(parameter, -bound, bound)


def smooth_step(values: Tensor, gamma: float) -> Tensor:
    """RETURNS (Tensor): 0 below -gamma / 2, 1 above gamma / 2, and a cubic in between."""
    t = (values / gamma).clamp(-0.5, 0.5)
    return 0.5 + 1.5 * t - 2 * t**3


def experts_of(digits: Tensor, n_experts: int) -> Tensor:
    """Turn soft binary digits into weights of experts.

    digits (Tensor): The probability that a digit is 1, the highest first.
        *Shape:* (..., n_digits), where 2 ** (n_digits - 1) < n_experts <= 2 ** n_digits, or one
        digit for one expert.
    n_experts (int): The number of experts.
    RETURNS (Tensor): The weights. *Shape:* (..., n_experts).
    """
    found = torch.ones_like(digits[..., :1])
    for digit in digits.unbind(dim=-1):
        both = torch.stack([1 - digit, digit], dim=-1)
        found = (found.unsqueeze(-1) * both.unsqueeze(-2)).flatten(-2)
    own, surplus = found[..., :n_experts], found[..., n_experts:]
    missing = n_experts - surplus.shape[-1]
    return own + torch.nn.functional.pad(surplus, (0, missing))
