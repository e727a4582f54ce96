"""Gradients of three tasks for values derived by hand, of two tasks, and what is made of them."""

from typing import Any, Dict, Sequence

import numpy

# Two tasks in conflict: cosine -0.6, lengths 1 and 2. The third is orthogonal to both.
# G = [[1, -1.2, 0], [-1.2, 4, 0], [0, 0, 0.25]].
THREE_ROWS = numpy.asarray([[1.0, 0, 0], [-1.2, 1.6, 0], [0, 0, 0.5]], dtype="float64")
THREE_LOSSES = {"a": 1.0, "b": 0.5, "c": 2.0}

# Two tasks that do not touch each other.
TWO_ROWS = numpy.eye(2, dtype="float32")
TWO_LOSSES = {"a": 1.0, "b": 2.0}


def normalized(weights: Sequence[float], total: float = 3.0) -> numpy.ndarray:
    """Weights brought to a total of their sizes."""
    found = numpy.asarray(weights, dtype="float64")
    return found * (total / numpy.abs(found).sum())


def weights_of(
    weighting: Any, losses: Dict[str, float] = THREE_LOSSES, rows: Any = THREE_ROWS
) -> numpy.ndarray:
    """The effective weights, after a check that they make the gradient."""
    combined = weighting(losses, rows)
    found = numpy.asarray([combined.weights[task] for task in losses])
    assert list(combined.weights) == list(losses)
    assert numpy.allclose(combined.gradient, found @ rows, rtol=1e-9, atol=0)
    return found
