"""The sizes of the hidden layers of a scheme."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hidden:
    """The sizes of the hidden layers of a tower, an expert or a mask.

    width (int): Their width.
    depth (int): Their number.
    dropout (float): Their dropout rate.
    """

    width: int
    depth: int
    dropout: float
