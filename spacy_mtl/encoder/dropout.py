"""Fast dropout for CPUs, where torch spends a quarter of a training step on random numbers.

torch draws one number per element, sequentially. Here four elements share one number.
"""

from typing import Any

import torch

# Each element uses 15 bits of a number: the sign bit isn't random.
_STEPS = 1 << 15


def dropout(x: Any, p: float) -> Any:
    """Set random elements to zero, and scale the others to preserve the mean.

    x (Tensor): Any shape.
    p (float): The share of zeros, in [0, 1). Rounded to 1 / 32,768; the scale is exact.
    RETURNS (Tensor): Same shape as x. It has a gradient if x has one.
    """
    n_zeros = min(round(p * _STEPS), _STEPS - 1)
    if n_zeros == 0:
        return x
    # From 0 to 2 ** 63 - 1: the last of the four parts has only 15 bits.
    numbers = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_()
    parts = numbers.view(torch.int16)[: x.numel()].bitwise_and_(_STEPS - 1)
    scale = parts.ge_(n_zeros).to(x.dtype).mul_(_STEPS / (_STEPS - n_zeros))
    return x * scale.view(x.shape)
