"""Cross-entropies that skip missing annotation.

They are means over the annotated units, and the gradient they return is exactly the gradient
of that mean, so that losses and gradients of different tasks are comparable.
"""

from typing import Any, Optional

from thinc.api import get_array_module
from thinc.types import Floats1d, Floats2d, Ints1d

from .types import LossAndGradient

#: Stands for a missing label.
MISSING = -1


def softmax_cross_entropy(
    logits: Floats2d,
    labels: Ints1d,
    *,
    label_smoothing: float = 0.0,
    class_weights: Optional[Floats1d] = None,
) -> LossAndGradient:
    """Compute the cross-entropy of exclusive classes, mean over the annotated units.

    logits (Floats2d): Scores before the softmax. Shape: (n_units, n_classes).
    labels (Ints1d): The true class of each unit, or MISSING. Shape: (n_units,).
    label_smoothing (float): Share of the target that is spread evenly over all
        classes, in [0, 1). Szegedy et al. 2016, section 7.
    class_weights (Optional[Floats1d]): Factor of a unit's loss by its true class. The
        mean is over the number of units, not the sum of their factors, so that a factor
        matters even in a batch of one. Shape: (n_classes,).
    RETURNS (LossAndGradient): The loss and d_logits.
    """
    xp = get_array_module(logits)
    d_logits = xp.zeros_like(logits)
    rows = xp.nonzero(labels != MISSING)[0]
    n_units = int(rows.shape[0])
    if n_units == 0:
        return LossAndGradient(0.0, d_logits, 0)
    log_probs = _log_softmax(xp, logits[rows])
    n_classes = logits.shape[1]
    targets = xp.full_like(log_probs, label_smoothing / n_classes)
    targets[xp.arange(n_units), labels[rows]] += 1.0 - label_smoothing
    factors = xp.full((n_units, 1), 1.0 / n_units, dtype=logits.dtype)
    if class_weights is not None:
        factors *= class_weights[labels[rows]].reshape((-1, 1))
    value = -float((factors * targets * log_probs).sum())
    d_logits[rows] = factors * (xp.exp(log_probs) - targets)
    return LossAndGradient(value, d_logits, n_units)


def soft_cross_entropy(logits: Floats2d, targets: Floats2d) -> LossAndGradient:
    """Compute the cross-entropy against distributions, mean over the units that have one.

    logits (Floats2d): Scores before the softmax. Shape: (n_units, n_classes).
    targets (Floats2d): Rows that sum to 1; NaN where missing. Shape: (n_units, n_classes).
    RETURNS (LossAndGradient): The loss and d_logits.
    SOURCE: Hinton et al. 2015, section 2, arXiv:1503.02531, at temperature 1.
    """
    xp = get_array_module(logits)
    d_logits = xp.zeros_like(logits)
    rows = xp.nonzero(~xp.isnan(targets).any(axis=1))[0]
    n_units = int(rows.shape[0])
    if n_units == 0:
        return LossAndGradient(0.0, d_logits, 0)
    log_probs, own = _log_softmax(xp, logits[rows]), targets[rows]
    # Rounded rows do not sum to exactly 1.
    totals = own.sum(axis=1, keepdims=True)
    d_logits[rows] = (totals * xp.exp(log_probs) - own) / n_units
    return LossAndGradient(-float((own * log_probs).sum()) / n_units, d_logits, n_units)


def sigmoid_cross_entropy(
    logits: Floats2d, targets: Floats2d, *, class_weights: Optional[Floats1d] = None
) -> LossAndGradient:
    """Compute the cross-entropy of independent labels, mean over the annotated units.

    A unit is one label of one document. Labels that a document does not mention are
    missing, not negative.

    logits (Floats2d): Scores before the sigmoid. Shape: (n_docs, n_labels).
    targets (Floats2d): Probabilities in [0, 1], NaN where missing.
        Shape: (n_docs, n_labels).
    class_weights (Optional[Floats1d]): Factor of the loss by label.
        Shape: (n_labels,).
    RETURNS (LossAndGradient): The loss and d_logits.
    """
    xp = get_array_module(logits)
    annotated = ~xp.isnan(targets)
    n_units = int(annotated.sum())
    if n_units == 0:
        return LossAndGradient(0.0, xp.zeros_like(logits), 0)
    targets = xp.where(annotated, targets, 0.0)
    factors = annotated.astype(logits.dtype) / n_units
    if class_weights is not None:
        factors = factors * class_weights
    # log(1 + exp(x)) - x * target, written so that no exponent is positive.
    softplus = xp.maximum(logits, 0.0) + xp.log1p(xp.exp(-xp.abs(logits)))
    value = float((factors * (softplus - logits * targets)).sum())
    d_logits = (factors * (sigmoid(logits) - targets)).astype(logits.dtype)
    return LossAndGradient(value, d_logits, n_units)


def softmax(logits: Floats2d) -> Floats2d:
    """Compute the probabilities of exclusive classes.

    logits (Floats2d): Shape: (n_units, n_classes).
    RETURNS (Floats2d): Rows that sum to 1. Shape: (n_units, n_classes).
    """
    xp = get_array_module(logits)
    return xp.exp(_log_softmax(xp, logits))


def sigmoid(logits: Floats2d) -> Floats2d:
    """Compute the probabilities of independent labels.

    logits (Floats2d): Shape: (n_docs, n_labels).
    RETURNS (Floats2d): Values in [0, 1]. Shape: (n_docs, n_labels).
    """
    xp = get_array_module(logits)
    # tanh never overflows; exp(-x) does.
    return 0.5 * (1.0 + xp.tanh(0.5 * logits))


def _log_softmax(xp: Any, logits: Floats2d) -> Floats2d:
    shifted = logits - xp.max(logits, axis=1, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(axis=1, keepdims=True))
