"""Dropout for a CPU, where torch takes a quarter of a training step to draw its numbers.

torch draws one number an element, one after the other. Here four elements share one.
"""

from typing import Any

import torch

# What an element has of a number: 15 bits, since the sign is none.
_STEPS = 1 << 15


def dropout(x: Any, p: float) -> Any:
    """Set elements to zero at random, and scale the others so that the mean stays.

    x (Tensor): Any shape.
    p (float): The share of zeros, in [0, 1). Rounded to 1 / 32,768; the scale is exact.
    RETURNS (Tensor): Like x. It has a gradient if x has.
    """
    n_zeros = min(round(p * _STEPS), _STEPS - 1)
    if n_zeros == 0:
        return x
    # From 0 to 2 ** 63 - 1: the last of four has no more than 15 bits.
    numbers = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_()
    parts = numbers.view(torch.int16)[: x.numel()].bitwise_and_(_STEPS - 1)
    scale = parts.ge_(n_zeros).to(x.dtype).mul_(_STEPS / (_STEPS - n_zeros))
    return x * scale.view(x.shape)
