"""How a step closes: from one gradient a task to one gradient of the encoder."""

from functools import partial
from typing import Any, Callable, Dict, Sequence

from thinc.api import Ops

from ..arrays import cut_like
from ..types import Combined, TokenVectors, Weighting
from .parameters import EncoderParameters

#: Where gradients are weighed against each other.
LEVELS = ("representation", "parameters")


def close_at_representation(
    losses: Dict[str, float],
    rows: Dict[str, TokenVectors],
    weighting: Weighting,
    backprop: Callable[..., object],
    ops: Ops,
) -> Combined:
    """Weigh the gradients where the tasks part, and run one backward pass with the result.

    losses (Dict[str, float]): The losses of the tasks present.
    rows (Dict[str, List[Floats2d]]): Their gradients at the shared representation.
    weighting (Weighting): What weighs them.
    backprop (Callable): From one gradient at the shared representation to the encoder.
    ops (Ops): Of the joint component.
    RETURNS (Combined): What the weighting gave. Shape of the gradient: (n_values,).
    """
    combined = weighting(losses, stack(rows, ops))
    backprop(cut_like(combined.gradient, rows[next(iter(losses))]))
    return combined


def close_at_parameters(
    losses: Dict[str, float],
    rows: Dict[str, TokenVectors],
    weighting: Weighting,
    backprop: Callable[..., object],
    ops: Ops,
    *,
    parameters: EncoderParameters,
    all_losses: Dict[str, float],
    sent: Sequence[Sequence[Any]],
) -> Combined:
    """Run one backward pass a task, and weigh the gradients of the encoder's parameters.

    parameters (EncoderParameters): What the encoder learns.
    all_losses (Dict[str, float]): spaCy's own dict. A `transformer` or `tok2vec` adds to
        it with every backward pass; what it ends up with is what one joint pass had added.
    sent (Sequence[Sequence[FloatsXd]]): Fills with what goes to those, pass by pass.
    **others: See `close_at_representation`.
    RETURNS (Combined): What the weighting gave. Shape of the gradient: (n_parameters,).
    """
    before = dict(all_losses)
    last = list(losses)[-1]
    passes = [
        # Copies: a layer may work in the array that it is given.
        partial(backprop, [row.copy() for row in rows[task]], keep=task != last)
        for task in losses
    ]
    gradients = parameters.gradients(passes, ops)
    combined = weighting(losses, gradients)
    parameters.add(combined.gradient, gradients)
    share = _joint_share(sent, [combined.weights.get(task, 0.0) for task in losses])
    for name, value in all_losses.items():
        if value != before.get(name, 0.0):
            all_losses[name] = before.get(name, 0.0) + share * (value - before.get(name, 0.0))
    return combined


def stack(rows: Dict[str, TokenVectors], ops: Ops) -> Any:
    """RETURNS (Floats2d): One flat row a task. Shape: (n_tasks, n_values)."""
    return ops.xp.stack([ops.flatten(row).ravel() for row in rows.values()])


def _joint_share(sent: Sequence[Sequence[Any]], weights: Sequence[float]) -> float:
    """RETURNS (float): The square of the weighted sum, relative to the sum of the squares."""
    alone = sum(float((part**2).sum()) for parts in sent for part in parts)
    joint = 0.0
    for parts in zip(*sent):
        joint += float((sum(w * part for w, part in zip(weights, parts)) ** 2).sum())
    return joint / alone if alone else 0.0
