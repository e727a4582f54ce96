"""Scale the gradients of a loss, for a rank that has a share of its annotated units."""

from dataclasses import fields, replace
from typing import Any

from ..types import LossAndGradient

#: What is not a gradient.
_NUMBERS = ("value", "n_units")


def scaled(loss: LossAndGradient, share: float) -> LossAndGradient:
    """Scale all gradients of a loss.

    loss (LossAndGradient): The loss.
    share (float): The factor. With 1.0 the loss is returned as it is.
    RETURNS (LossAndGradient): The same value, with scaled gradients.
    """
    if share == 1.0:
        return loss
    gradients = {
        each.name: getattr(loss, each.name) * share
        for each in fields(loss)
        if each.name not in _NUMBERS
    }
    return replace(loss, **gradients)


def scaled_scores(d_scores: Any, share: float) -> Any:
    """Scale the gradient of a head's scores.

    d_scores (Union[List[Floats2d], Floats2d]): The gradient.
    share (float): The factor. With 1.0 the gradient is returned as it is.
    RETURNS (Union[List[Floats2d], Floats2d]): The scaled gradient.
    """
    if share == 1.0:
        return d_scores
    return [d * share for d in d_scores] if isinstance(d_scores, list) else d_scores * share
